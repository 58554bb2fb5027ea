import { describe, expect, it } from "vitest";
import { grad } from "../../src/compiler/ad/grad.js";
import { optimise, prepare } from "../../src/compiler/passes/pipeline.js";
import { bptt } from "../../src/compiler/print/bptt.js";
import { equations } from "../../src/compiler/print/equations.js";
import { program } from "../../src/compiler/print/program.js";
import { loopSummary } from "../../src/compiler/print/summary.js";
import { schedule } from "../../src/compiler/schedule/schedule.js";
import { parse } from "../../src/compiler/syntax/parse.js";
import { SystemBuilder } from "../../src/compiler/system/builder.js";
import { E, op, read } from "../../src/compiler/system/expr.js";
import { at } from "../../src/compiler/system/positions.js";
import { BATCH, type System } from "../../src/compiler/system/types.js";
import { cases } from "../support/cases.js";
import { equals, guarded, Sketch, slot } from "../support/sketch.js";
import { attention, elman, manyToOne } from "./systems.js";

const learnt = (system: System) => [...system.values.values()].filter((v) => v.role === "param").map(({ id }) => id);

/** As training does it. */
function trained(system: System) {
  const params = learnt(system);
  const gradient = grad(prepare(system, ["loss"]), "loss", params);
  return schedule(optimise(gradient.system, ["loss", ...params.map(gradient.adjoint)]));
}

describe("equations", () => {
  it("of the lecture's language model, as they are on the blackboard", () => {
    expect(equations(elman())).toBe(`\
a[t] : [H] = Whh @ h[t-1] + Wxh @ c[t] + bh
h[t] : [H] = tanh(a[t])
h[-1] = 0
z[t] : [Char] = Why @ h[t] + by
loss = sum[t](logsumexp(z[t]) - z[t, y[t]])
`);
  });

  it("of attention", () => {
    expect(equations(attention())).toBe(`\
a[t, s] = softmax[s](dot(W @ e[s], q[t]))
g[t] : [2] = sum[s](a[t, s] * e[s])
loss = sum[t](dot(g[t], y[t]))
`);
  });

  it("of some values only, with what they are made of", () => {
    expect(equations(elman("image"), { only: ["h"] })).toBe(`\
h[t] : [H] = tanh(a[t])
h[-1] = tanh(Wi @ img)
`);
  });

  it("with draws as what they are", () => {
    const builder = new SystemBuilder();
    builder.axis("T", "ragged");
    const t = slot("t", "T");
    builder.declare("z", [BATCH, t], [4], "input");
    builder.define("y", [BATCH, t], op("draw", [builder.ident("z")], { dist: "categorical" }));
    expect(equations(builder.finish())).toBe("y[t] ~ categorical(z[t])\n");
  });
});

/** One equation y[t] = …, printed. */
function line(make: (k: Sketch) => ReturnType<typeof E.add>, slots = [slot("t", "T")]): string {
  const k = new Sketch({ T: [3, 2], S: [2, 2] }, 2, 1);
  k.define("y", slots, make(k));
  return equations(k.finish().system)
    .replace(/^y.* = /, "")
    .trim();
}

describe("signs and words of ops", () => {
  const t = slot("t", "T");
  const vector = (k: Sketch, id: string, n = 3) => k.input(id, [n], [t])("t");
  it.each<[string, (k: Sketch) => ReturnType<typeof E.add>]>([
    ["a[t] - b[t]", (k) => E.sub(vector(k, "a"), vector(k, "b"))],
    ["b[t] - a[t]", (k) => E.add(E.neg(vector(k, "a")), vector(k, "b"))],
    ["-a[t]", (k) => E.neg(vector(k, "a"))],
    [
      "1 - a[t]^2",
      (k) => {
        const a = vector(k, "a");
        return E.affine(-1, 1, E.mul(a, a));
      },
    ],
    ["2 * a[t] + 0.5", (k) => E.affine(2, 0.5, vector(k, "a"))],
    [
      "2 * a[t]",
      (k) => {
        const a = vector(k, "a");
        return E.add(a, a);
      },
    ],
    ["a[t] * (b[t] + 1)", (k) => E.mul(vector(k, "a"), E.affine(1, 1, vector(k, "b")))],
    ["(a[t] + b[t]) / c[t]", (k) => E.div(E.add(vector(k, "a"), vector(k, "b")), vector(k, "c"))],
    ["W' @ a[t]", (k) => E.mvT(k.param("W", [3, 2])(), vector(k, "a"))],
    ["(A @ B) @ a[t]", (k) => E.mv(E.mm(k.param("A", [2, 2])(), k.param("B", [2, 3])()), vector(k, "a"))],
    ["a[t] @ b[t]'", (k) => E.outer(vector(k, "a"), vector(k, "b"))],
    ["a[t] @ (b[t] + c[t])'", (k) => E.outer(vector(k, "a"), E.add(vector(k, "b"), vector(k, "c")))],
    ["W @ w[t]", (k) => op("col", [k.param("W", [3, 4])(), k.token("w", 4, [t])("t")])],
    ["a[t] @ w[t]'", (k) => op("putCol", [vector(k, "a"), k.token("w", 4, [t])("t")], { n: 4 })],
    ["a[t, w[t]]", (k) => op("pick", [vector(k, "a"), k.token("w", 3, [t])("t")])],
    ["onehot(w[t])", (k) => op("put", [E.num(1), k.token("w", 4, [t])("t")], { n: 4 })],
    ["[a[t]; b[t]]", (k) => E.concat(vector(k, "a"), vector(k, "b"))],
    ["[fill(0, [2]); a[t]]", (k) => E.concat(E.num(0, [2]), vector(k, "a"))],
    ["a[t] + s[t]", (k) => E.add(vector(k, "a"), E.fill(k.input("s", [], [t])("t"), [3]))],
    ["s[t] * a[t]", (k) => E.scale(k.input("s", [], [t])("t"), vector(k, "a"))],
    [
      "if s[t] < 1 then a[t] else 0",
      (k) => E.where(E.fill(E.less(k.input("s", [], [t])("t"), E.num(1)), [3]), vector(k, "a"), E.num(0, [3])),
    ],
    [
      "a[t+1] * a[T-1] * a[0]",
      (k) => {
        const a = k.input("a", [3], [t]);
        return E.mul(a("t+1"), a("$-1"), a("0"));
      },
    ],
    [
      "(if t == T-1 then a[t] else 0) + b[t]",
      (k) => E.add(guarded(vector(k, "a"), equals("T", "t", "$-1")), vector(k, "b")),
    ],
  ])("%s", (expected, make) => expect(line(make)).toBe(expected));

  it("renames the variable of a sum that would be taken for another", () => {
    const k = new Sketch({ T: [3, 2] }, 2, 1);
    const x = k.input("x", [], [t]);
    const { builder } = k;
    // part[u] = sum[t](x[t] * x[u]), read at u = t
    const [u, v] = [slot("u", "T"), slot("t", "T")];
    builder.declare("part", [BATCH, u], [], "eq", { named: false });
    builder.equate("part", { e: "red", kind: "sum", vars: [v], body: E.mul(x("t"), x("u")) });
    k.define("y", [t], E.id(read("part", [at("#"), at("t")])));
    expect(equations(k.finish().system)).toBe("y[t] = sum[t2](x[t2] * x[t])\n");
  });
});

describe("backpropagation through time", () => {
  it("of the lecture's language model: δ runs backwards, weights sum over time", () => {
    expect(bptt(elman()).backward).toBe(`\
dz[t] : [Char] = softmax(z[t]) - onehot(y[t])
da[t] : [H] = dh[t] * (1 - h[t]^2)
da[T] = 0
dh[t] : [H] = Why' @ dz[t] + Whh' @ da[t+1]
dWxh : [H, Char] = sum[t](da[t] @ c[t]')
dWhh : [H, H] = sum[t](da[t] @ h[t-1]')
dWhy : [Char, H] = sum[t](dz[t] @ h[t]')
dbh : [H] = sum[t](da[t])
dby : [Char] = sum[t](dz[t])
`);
  });

  it("goes on into a computed initial state", () => {
    const lines = bptt(elman("image")).backward.split("\n");
    expect(lines).toContain("dWi : [H, P] = (Whh' @ da[0] * (1 - h[-1]^2)) @ img'");
  });

  it("enters at the last step, names what has no name, reaches a learnt start", () => {
    const { forward, backward } = bptt(manyToOne());
    expect(forward).toBe(`\
h[t] : [H] = tanh(W @ x[t] + U @ h[t-1] + b)
h[-1] = h0
loss_logits : [2] = Wo @ h[T-1]
loss = logsumexp(loss_logits) - loss_logits[y]
`);
    expect(backward).toBe(`\
dloss_logits : [2] = softmax(loss_logits) - onehot(y)
dh[t] : [H] = (if t == T-1 then Wo' @ dloss_logits else 0) + U' @ dh_pre[t+1]
dh_pre[t] : [H] = dh[t] * (1 - h[t]^2)
dh_pre[T] = 0
dW : [H, X] = sum[t](dh_pre[t] @ x[t]')
dU : [H, H] = sum[t](dh_pre[t] @ h[t-1]')
db : [H] = sum[t](dh_pre[t])
dh0 : [H] = U' @ dh_pre[0]
dWo : [2, H] = dloss_logits @ h[T-1]'
`);
  });
});

describe("programs", () => {
  it("show what is before, in, between and after the loops", () => {
    expect(program(schedule(elman()))).toBe(`\
before the loops:
  a_2[t] : [H] = Wxh @ c[t]
for t from 0 to T-1 {  # 1 matmul per step
  a[t] : [H] = Whh @ h[t-1] + a_2[t] + bh
  h[t] : [H] = tanh(a[t])
  h[-1] = 0
}
after the loops:
  z[t] : [Char] = Why @ h[t] + by
  loss = sum[t](logsumexp(z[t]) - z[t, y[t]])
`);
    const text = program(trained(elman()));
    const [before, forward, between, backward, after] = text.split(/(?<=^\}\n)|(?=^for )/m);
    expect(before).toMatch(/^before the loops:\n {2}.* = Wxh @ c\[t\] \+ bh\n$/);
    expect(forward).toMatch(/^for t from 0 to T-1 \{ {2}# 1 matmul per step\n/);
    expect(forward).toContain("Whh @ h[t-1]");
    expect(between).toMatch(/^between the loops:\n/);
    expect(backward).toMatch(/^for t from T-1 down to 0 \{ {2}# 1 matmul per step\n/);
    expect(backward).toContain("Whh' @ da[t+1]");
    for (const name of learnt(elman())) expect(after).toContain(`  d${name} : `);
  });

  it("nest loops, and print each equation once", () => {
    // each row goes on from the end of the one before: no diagonals
    const k = new Sketch({ I: 3, J: 4 }, 1);
    const [i, j] = [slot("i", "I"), slot("j", "J")];
    const [h, d] = [k.value("h", [2], [i, j]), k.value("d", [2], [i])];
    const x = k.input("x", [2], [i, j]);
    k.equate("h", E.map("tanh", E.add(x("i", "j"), E.mul(k.param("v", [2])(), h("i", "j-1")))));
    k.clause("h", { j: "-1" }, d("i-1"));
    k.equate("d", E.map("sin", h("i", "$-1")));
    k.clause("d", { i: "-1" }, E.num(0, [2]));
    k.loss([], E.sumf(d("$-1")));
    const text = program(trained(k.finish().system));
    expect(text).toMatch(/\n {2}for j from 0 to J-1 \{/);
    const lefts = text.split("\n").flatMap((line) => /^ *(\S.*?) (?:: \[[^\]]*\] )?= /.exec(line)?.[1] ?? []);
    expect(lefts.length).toBe(new Set(lefts).size);
  });

  it.each(["LSTM, learnt initial cell", "GRU, reset after the matmul"])(
    "%s: one matmul per step in each direction, weight gradients after the loops",
    (name) => {
      const { loops, gradients } = loopSummary(trained((cases[name] as () => { system: System })().system));
      expect(loops.map(({ direction, matmuls, backward }) => [direction, matmuls, backward])).toEqual([
        [1, 1, false],
        [-1, 1, true],
      ]);
      expect(gradients.length).toBeGreaterThan(3);
      expect(gradients.filter(({ afterLoops }) => !afterLoops)).toEqual([]);
    },
  );

  it("tell a weight gradient that is made step by step", () => {
    const k = new Sketch({ T: [3, 2] }, 2, 1);
    const t = slot("t", "T");
    const [x, W, G] = [k.input("x", [2], [t]), k.param("W", [2, 2]), k.value("G", [2, 2], [t])];
    k.equate("G", E.add(G("t-1"), E.outer(E.mv(G("t-1"), x("t")), x("t")), W()));
    k.clause("G", { t: "-1" }, E.num(0, [2, 2]));
    k.builder.define("dW", [BATCH], G("$-1"));
    const { gradients } = loopSummary(schedule(k.finish().system));
    expect(gradients).toEqual([{ param: "W", adjoint: "dW", afterLoops: false }]);
  });
});

describe("every system that is tested", () => {
  it.each(Object.keys(cases))("%s prints as text of the language, each value once", (name) => {
    const { system } = (cases[name] as () => { system: System })();
    const { forward, backward, system: full } = bptt(system);
    for (const text of [equations(system), forward, backward, equations(full)]) {
      // Only printers write dotted names (of values in instances of cells) and give the loss a name.
      const body = text.replace(/(?<=[\p{L}_])\.(?=[\p{L}_])/gu, "_").replace(/^loss(?= )/m, "loss_");
      const { diagnostics } = parse(`model m {\n${body}}`);
      expect(diagnostics).toEqual([]);
      const lefts = text.split("\n").map((line) => line.replace(/ (: \[[^\]]*\] )?=.*/, ""));
      expect(lefts.length).toBe(new Set(lefts).size);
    }
    for (const id of learnt(system)) {
      if (full.values.has(`d${id}`)) expect(backward).toMatch(new RegExp(`^d${id.replace(".", "\\.")}(\\[| )`, "m"));
    }
    program(trained(system));
  });
});
