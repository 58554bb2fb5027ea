/** A stream of documents with `reset` is the documents by themselves: values, gradients, whatever the windows. */
import { describe, expect, it } from "vitest";
import { CarryError } from "../../src/compiler/passes/carry.js";
import { resetAt } from "../../src/compiler/passes/reset.js";
import { type Compute, training } from "../../src/compiler/programs.js";
import { E, op, sumOver } from "../../src/compiler/system/expr.js";
import { BATCH, getValue, product, type System } from "../../src/compiler/system/types.js";
import { verify } from "../../src/compiler/system/verify.js";
import { type Environment, Evaluator } from "../../src/compiler/targets/reference/evaluator.js";
import { differentiated, mismatches } from "../support/gradients.js";
import { difference, uniform } from "../support/numbers.js";
import { Sketch, slot } from "../support/sketch.js";
import { stubModel } from "../support/stub-model.js";

const [t, l] = [slot("t", "T"), slot("l", "L")];
const V = 4;
const END = 3;
const params = ["W", "U", "A", "h0", "Wo"];

/** Two layers over tokens, with lags of one and two, a learnt start, a corner, and the token before. */
function layers(lengths: readonly number[]): Sketch {
  const sketch = new Sketch({ L: 2, T: lengths }, lengths.length);
  const { builder } = sketch;
  const H = 2;
  const [W, U] = [sketch.param("W", [H, V]), sketch.param("U", [H, H])];
  const [A, h0, Wo] = [sketch.param("A", [H]), sketch.param("h0", [H]), sketch.param("Wo", [V, H])];
  const c = sketch.token("c", V, [t]);
  const h = sketch.value("h", [H], [l, t]);
  sketch.equate(
    "h",
    E.map("tanh", E.add(h("l-1", "t"), E.mv(U(), h("l", "t-1")), E.mul(A(), h("l", "t-2")), h("l-1", "t-1"))),
  );
  sketch.clause("h", { l: "-1" }, op("col", [W(), c("t-1")]));
  sketch.clause("h", { t: "-1" }, h0());
  sketch.clause("h", { t: "-2" }, E.num(0.25, [H]));
  sketch.clause("h", { l: "-1", t: "-1" }, E.num(-0.5, [H]));
  sketch.clause("c", { t: "-1" }, op("token", [], { value: 2 }));
  builder.define("c.logp", [BATCH, t], E.neg(op("xent", [E.mv(Wo(), h("1", "t")), c("t")])));
  builder.define("loss", [], sumOver([BATCH, t], E.neg(sketch.access("c.logp")("t"))));
  return sketch;
}

const system = (): System => layers([1]).builder.finish();

/** Documents of several lengths, one with nothing but its end. */
const documents = [4, 1, 2, 5, 1, 3].map((n, d) =>
  Array.from({ length: n }, (_, i) => (i === n - 1 ? END : Math.floor(uniform("document", d, i) * END))),
);
const stream = documents.flat();
const constants = layers([1]).finish().env;

function environment(sequences: readonly (readonly number[])[], given?: Environment["given"]): Environment {
  return {
    batch: sequences.length,
    lengths: { T: sequences.map((s) => s.length) },
    given: (id, index) =>
      id === "c"
        ? [sequences[index[0] as number]?.[index[1] as number] ?? 0]
        : (given?.(id, index) ?? constants.given(id, index)),
  };
}

const reset = (): System => {
  const made = resetAt(system(), "T", { field: "c", token: END });
  verify(made, "reset");
  return made;
};

describe("a stream of documents with reset", () => {
  it("has the values of the documents by themselves", () => {
    const whole = new Evaluator(reset(), environment([stream]));
    const alone = new Evaluator(system(), environment(documents));
    let from = 0;
    for (const [d, document] of documents.entries()) {
      for (const i of document.keys())
        expect(whole.value("c.logp", [0, from + i])[0]).toBeCloseTo(alone.value("c.logp", [d, i])[0] as number, 12);
      from += document.length;
    }
    // and would not have them without
    const plain = new Evaluator(system(), environment([stream]));
    expect(plain.value("c.logp", [0, 4])[0]).not.toBeCloseTo(alone.value("c.logp", [1, 0])[0] as number, 3);
  });

  it("has their gradients, raw, after every pass and scheduled", () => {
    const alone = differentiated(system(), "loss", params);
    const expected = new Evaluator(alone.optimised, environment(documents));
    const { forms, adjoint } = differentiated(reset(), "loss", params);
    for (const form of forms.filter((f) => f.system.values.has(adjoint("W")))) {
      const got = form.evaluate(environment([stream]));
      for (const id of params) {
        const [a, b] = [got.value(adjoint(id)), expected.value(alone.adjoint(id))];
        for (const [i, x] of a.entries())
          expect(difference(x, b[i] as number), `${form.name} ${id}`).toBeLessThan(1e-9);
      }
    }
  });

  it("agrees with central differences on ragged streams, where nothing starts anew too", () => {
    const streams = [stream.slice(0, 5), [0, 1, 2, 1], [END], [END, END, 0]];
    expect(mismatches({ system: reset(), params, env: environment(streams) })).toEqual([]);
  });
});

describe("with carried state", () => {
  const model = stubModel({
    system: () => {
      const { builder } = layers([1]);
      builder.define("loss.total", [], builder.ident("loss"));
      builder.define("loss.count", [], E.num(1));
      return builder.finish();
    },
    params: params.map((name) => ({ name })),
  });

  function windows(compute: Compute, cuts: readonly number[]): number {
    let from = 0;
    let total = 0;
    let states = new Map<string, Float64Array>();
    const key = (id: string, index: readonly number[]): string => `${id}|${index}`;
    for (const n of cuts) {
      const env = environment([stream.slice(from, from + n)], (id, index) => {
        if (id === "#fresh") return [Number(from === 0)];
        if (!compute.states.has(id)) return constants.given(id, index);
        return states.get(key(id, index)) ?? new Float64Array(product(getValue(compute.system, id).shape)).fill(1);
      });
      const e = new Evaluator(compute.system, env).run(compute.program);
      total += e.value("loss")[0] as number;
      const next = new Map<string, Float64Array>();
      for (const [state, id] of compute.states)
        for (const p of e.points(getValue(compute.system, id).slots)) {
          const index = getValue(compute.system, id).slots.map((s) => p[s.name] as number);
          next.set(key(state, index), Float64Array.from(e.value(id, index)));
        }
      states = next;
      from += n;
    }
    return total;
  }

  it.each([
    [[4, 4, 4, 4]],
    // windows that end just before, at and just after the end of a document, and shorter than the lags
    [[3, 1, 1, 1, 1, 5, 4]],
    [[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
  ])("windows of %j sum to the documents by themselves", (cuts) => {
    const compute = training(model, { carry: "T", reset: { field: "c", token: END } });
    const alone = new Evaluator(system(), environment(documents)).value("loss")[0] as number;
    expect(windows(compute, cuts)).toBeCloseTo(alone, 10);
  });
});

it("refuses what looks at all steps at once, in whichever document they are", () => {
  const sketch = new Sketch({ T: [3] }, 1);
  const u = slot("u", "T");
  const x = sketch.input("x", [], [t]);
  sketch.token("c", V, [t]);
  sketch.define("y", [t], sumOver([u], E.mul(x("u"), x("t"))));
  const refused = () => resetAt(sketch.builder.finish(), "T", { field: "c", token: END });
  expect(refused).toThrow(CarryError);
  expect(refused).toThrow("`y` looks at all of T at once");
});
