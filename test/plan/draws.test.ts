/** Draws: the callback, what it is asked, and beams, where each row continues another. */
import { describe, expect, test } from "vitest";
import { lower } from "../../src/compiler/plan/lower.js";
import { schedule } from "../../src/compiler/schedule/schedule.js";
import { E, op } from "../../src/compiler/system/expr.js";
import type { System } from "../../src/compiler/system/types.js";
import type { DrawRequest } from "../../src/runtime/decoder/types.js";
import { backends } from "../support/backends.js";
import { uniform } from "../support/numbers.js";
import { type Case, Sketch, slot } from "../support/sketch.js";
import { runPlan } from "../support/systems.js";

const [t, u] = [slot("t", "T"), slot("u", "T")];
const V = 4;
const B = 3;
const STEPS = 4;

/**
 * y[t] ~ categorical(U h[t] + A x), h[t] = tanh(W h[t-1] + E y[t-1] + m[t]), y[-1] = 1; m[t] attends over the own past:
 * the states before are read again at every step, after the rows have moved.
 */
function decoder(): Case {
  const k = new Sketch({ T: new Array<number>(B).fill(STEPS) }, B, 1);
  const x = k.input("x", [2]);
  const h = k.value("h", [2], [t]);
  const m = k.value("m", [2], [t]);
  k.builder.declare("y", [{ name: "#", axis: "#" }, t], [], "eq", { dtype: "int" });
  const y = k.access("y");
  const logits = E.add(E.mv(k.param("U", [V, 2])(), h("t")), E.mv(k.param("A", [V, 2])(), x()));
  k.equate("y", op("draw", [logits], { dist: "categorical" }));
  k.clause("y", { t: "-1" }, op("token", [], { value: 1 }));
  const past = h("u");
  const guarded =
    past.e === "read"
      ? {
          ...past,
          read: {
            ...past.read,
            when: [{ rel: "lt", axis: "T", a: { k: "var", v: "u", shift: 0 }, b: { k: "var", v: "t", shift: 0 } }],
          },
        }
      : past;
  k.equate("m", { e: "red", kind: "sum", vars: [u], body: E.id(guarded as typeof past) });
  k.equate(
    "h",
    E.map("tanh", E.add(E.mv(k.param("W", [2, 2])(), h("t-1")), op("col", [k.param("E", [2, V])(), y("t-1")]), m("t"))),
  );
  k.clause("h", { t: "-1" }, E.num(0, [2]));
  return k.finish();
}

/** The same by hand: one row after another, each with its whole history. */
function byHand(
  c: Case,
  tokens: (logits: readonly number[][], step: number) => { token: number; parent: number }[],
): { y: number[][]; h: number[][][] } {
  const p = (id: string, rows: number, cols: number): number[][] => {
    const data = c.env.given(id, []);
    return Array.from({ length: rows }, (_, i) => Array.from({ length: cols }, (_, j) => data[i * cols + j] as number));
  };
  const [U, A, W, Em] = [p("U", V, 2), p("A", V, 2), p("W", 2, 2), p("E", 2, V)];
  const times = (M: number[][], v: readonly number[]): number[] =>
    M.map((r) => r.reduce((s, x, i) => s + x * (v[i] as number), 0));
  interface Row {
    h: number[][];
    y: number[];
  }
  // the rows of a group are equal in what does not depend on draws: x is that of sample 0
  const x = Array.from(c.env.given("x", [0]));
  let rows: Row[] = Array.from({ length: B }, () => ({ h: [], y: [] }));
  for (let step = 0; step < STEPS; step++) {
    for (const r of rows) {
      const last = r.h[step - 1] ?? [0, 0];
      const token = r.y[step - 1] ?? 1;
      const m = [0, 1].map((i) => r.h.reduce((s, v) => s + (v[i] as number), 0));
      const a = times(W, last);
      r.h.push([0, 1].map((i) => Math.tanh((a[i] as number) + (Em[i]?.[token] as number) + (m[i] as number))));
    }
    const ax = times(A, x);
    const logits = rows.map((r) => times(U, r.h[step] as number[]).map((z, i) => z + (ax[i] as number)));
    const choices = tokens(logits, step);
    rows = choices.map(({ token, parent }) => {
      const from = rows[parent] as Row;
      return { h: [...from.h], y: [...from.y, token] };
    });
  }
  return { y: rows.map((r) => r.y), h: rows.map((r) => r.h) };
}

const argmax = (z: readonly number[]): number => z.indexOf(Math.max(...z));
const rowsOf = ({ params }: DrawRequest): number[][] => {
  const { data, shape } = params[0] as DrawRequest["params"][number];
  const n = shape[shape.length - 1] as number;
  return Array.from({ length: data.length / n }, (_, r) => Array.from(data.subarray(r * n, (r + 1) * n)));
};
/** Some token and some parent, the same for both. */
const arbitrary = (step: number, r: number): { token: number; parent: number } => ({
  token: Math.floor(uniform("token", step, r) * V),
  parent: Math.floor(uniform("parent", step, r) * B),
});

const sameX = (c: Case): Case => ({
  ...c,
  env: { ...c.env, given: (id, index) => c.env.given(id, id === "x" ? [0] : index) },
});

describe.each(backends.map((b) => [b.name, b] as const))("%s", (_, backend) => {
  const c = sameX(decoder());
  const outputs = ["y", "h"];
  const run = (system: System, options: Parameters<typeof runPlan>[4]): ReturnType<typeof runPlan> => {
    const before = backend.tensorCount();
    const results = runPlan(backend, system, c.env, outputs, options);
    expect(backend.tensorCount()).toBe(before);
    return results;
  };

  test("greedy", () => {
    const asked: unknown[] = [];
    const results = run(c.system, {
      draw: (request) => {
        asked.push([request.random, request.dist, request.index, request.params[0]?.shape]);
        return { values: Int32Array.from(rowsOf(request).map(argmax)) };
      },
    });
    const expected = byHand(c, (logits) => logits.map((z, r) => ({ token: argmax(z), parent: r })));
    const y = results?.get("y") as Int32Array;
    expect(Array.from({ length: B }, (_, b) => Array.from({ length: STEPS }, (_, i) => y[i * B + b]))).toEqual(
      expected.y,
    );
    expect(asked).toEqual([0, 1, 2, 3].map((i) => ["y", "categorical", [i], [B, V]]));
  });

  test("beam: everything that depends on draws follows the rows", () => {
    let step = 0;
    const results = run(c.system, {
      lower: { beam: true },
      draw: () => {
        const choices = Array.from({ length: B }, (_, r) => arbitrary(step, r));
        step++;
        return {
          values: Int32Array.from(choices.map((x) => x.token)),
          parent: Int32Array.from(choices.map((x) => x.parent)),
        };
      },
    });
    const expected = byHand(c, (_, s) => Array.from({ length: B }, (_, r) => arbitrary(s, r)));
    const [y, h] = [results?.get("y") as Int32Array, results?.get("h") as Float32Array];
    for (let b = 0; b < B; b++)
      for (let i = 0; i < STEPS; i++) {
        expect(y[i * B + b]).toBe(expected.y[b]?.[i]);
        for (let f = 0; f < 2; f++) expect(h[(i * B + b) * 2 + f]).toBeCloseTo(expected.h[b]?.[i]?.[f] as number, 4);
      }
  });

  test("a draw may say stop, and a failing callback leaves nothing behind", () => {
    const stop = run(c.system, { draw: ({ index }) => ({ values: new Int32Array(B), stop: index[0] === 2 }) });
    expect(stop).toBeNull();
    const before = backend.tensorCount();
    const fail = (): never => {
      throw new Error("no choice");
    };
    expect(() => runPlan(backend, c.system, c.env, outputs, { draw: fail })).toThrow("no choice");
    expect(() => runPlan(backend, c.system, c.env, outputs, {})).toThrow("callback");
    expect(() => runPlan(backend, c.system, c.env, outputs, { draw: () => ({ values: new Int32Array(1) }) })).toThrow(
      "gave 1",
    );
    expect(backend.tensorCount()).toBe(before);
  });
});

test("without beams no row moves: no gather by parents", () => {
  const c = decoder();
  const plain = lower({ system: c.system, program: schedule(c.system) }, { batch: B, extents: { T: STEPS } }, ["y"]);
  expect(plain.instrs.filter((i) => i.op === "draw").every((i) => i.shapes.length === 1)).toBe(true);
  expect(plain.drawn).toEqual(["y"]);
});
