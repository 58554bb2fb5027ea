/** Small models, as the checker would hand them on, with the same functions in plain code beside them. */
import { standardOptimizers } from "../../src/compiler/check/optimizers.js";
import type { AxisInfo, FieldInfo, Mode, Model } from "../../src/compiler/model.js";
import { E, type Expr, op } from "../../src/compiler/system/expr.js";
import { fromStart } from "../../src/compiler/system/positions.js";
import { BATCH, type Slot, type System } from "../../src/compiler/system/types.js";
import { uniform } from "../support/numbers.js";
import { Sketch, slot } from "../support/sketch.js";
import type { Params } from "./reference-engine.js";
import type { Toy } from "./toy.js";

export const TOKENS = ["a", "b", "<BOS>", "<EOS>"];
export const [BOS, EOS] = [2, 3];
const V = TOKENS.length;
export const H = 3;

/** As fixed numbers, a little larger than a start would be: no two decisions are alike. */
export function parameters(shapes: Readonly<Record<string, number>>, seed = 0): Params {
  return Object.fromEntries(
    Object.entries(shapes).map(([id, n]) => [id, Array.from({ length: n }, (_, i) => 4 * uniform(seed, id, i) - 2)]),
  );
}

const field = (
  name: string,
  role: FieldInfo["role"],
  axes: readonly string[],
  dist?: FieldInfo["dist"],
): FieldInfo => ({
  name,
  role,
  axes,
  type: dist === "categorical" || role === "input" ? { kind: "token", vocab: "V" } : { kind: "float" },
  shape: [],
  labels: [],
  ...(dist ? { dist } : {}),
});

const ragged = (bound: string, until?: AxisInfo["until"]): AxisInfo => ({
  bound,
  vars: [bound.toLowerCase()],
  kind: "ragged",
  ...(until ? { until } : {}),
});

function model(axes: readonly AxisInfo[], fields: readonly FieldInfo[], system: (mode: Mode) => System): Model {
  const made = [...system({ training: false, drawn: [] }).values.values()].filter((v) => v.role === "param");
  const whole: Model = {
    name: "toy",
    topology: "toy",
    axes,
    structures: [],
    vocabs: [{ name: "V", special: ["BOS", "EOS"], mentioned: [] }],
    fields,
    params: made.map(({ id, shape }) => ({
      name: id,
      shape,
      labels: shape.map(String),
      frozen: false,
      init: { kind: "zeros" },
    })),
    metrics: [],
    hyperparameters: {},
    dims: {},
    blocks: {},
    optimizers: standardOptimizers(),
    unsized: [],
    vocabularies: { V: TOKENS },
    bind: () => whole,
    system,
  };
  return whole;
}

const [t, s] = [slot("t", "T"), slot("s", "S")];
const tanh = (...xs: Expr[]): Expr => E.map("tanh", E.add(...xs));
const bos = op("token", [], { value: BOS });

/** A random: an input, or a draw of the distribution. */
function random(k: Sketch, mode: Mode, id: string, slots: readonly Slot[], dist: string, params: () => Expr[]): void {
  const int = dist === "categorical";
  const drawn = mode.drawn.includes(id);
  k.builder.declare(id, [BATCH, ...slots], [], drawn ? "eq" : "input", { dtype: int ? "int" : "float" });
  if (drawn) later.push(() => k.equate(id, op("draw", params(), { dist })));
}
let later: (() => void)[] = [];

function build(extents: Sketch["extents"], f: (k: Sketch) => void): System {
  const k = new Sketch(extents, 1, 1);
  later = [];
  f(k);
  for (const g of later) g();
  return k.builder.finish();
}

/** h[t] = tanh(U h[t-1] + W y[t-1]), y[t] ~ categorical(O h[t]); h[-1] = `start`. */
function recurrence(k: Sketch, mode: Mode, start: Expr): void {
  const [U, W, O] = [k.param("U", [H, H]), k.param("W", [H, V]), k.param("O", [V, H])];
  const h = k.value("h", [H], [t]);
  random(k, mode, "y", [t], "categorical", () => [E.mv(O(), h("t"))]);
  k.clause("y", { t: "-1" }, bos);
  k.equate("h", tanh(E.mv(U(), h("t-1")), op("col", [W(), k.access("y")("t-1")])));
  k.builder.clause("h", [{ slot: "t", at: fromStart(-1) }], start);
}

const RECURRENCE = { U: H * H, W: H * V, O: V * H };
const UNTIL = { random: "y", token: "<EOS>" };

export const languageModel = (until = true): Model =>
  model([ragged("T", until ? UNTIL : undefined)], [field("y", "random", ["T"], "categorical")], (mode) =>
    build({ T: [] }, (k) => recurrence(k, mode, E.num(0, [H]))),
  );
export const languageParams = parameters(RECURRENCE, 1);

/** e[s] = tanh(We x[s] + Ue e[s-1]) starts the recurrence. */
export const translator = (): Model =>
  model(
    [ragged("S"), ragged("T", UNTIL)],
    [field("x", "input", ["S"]), field("y", "random", ["T"], "categorical")],
    (mode) =>
      build({ S: [], T: [] }, (k) => {
        const [We, Ue] = [k.param("We", [H, V]), k.param("Ue", [H, H])];
        const [x, e] = [k.token("x", V, [s]), k.value("e", [H], [s])];
        k.equate("e", tanh(op("col", [We(), x("s")]), E.mv(Ue(), e("s-1"))));
        k.clause("e", { s: "-1" }, E.num(0, [H]));
        recurrence(k, mode, e("$-1"));
      }),
  );
export const translatorParams = parameters({ ...RECURRENCE, We: H * V, Ue: H * H }, 2);

/** y[t] ~ categorical(W x[t] + A y[t-1]), along the input; b ~ bernoulli(v · (last scores)). */
export const tagger = (): Model =>
  model(
    [ragged("T")],
    [field("x", "input", ["T"]), field("y", "random", ["T"], "categorical"), field("b", "random", [], "bernoulli")],
    (mode) =>
      build({ T: [] }, (k) => {
        const [W, A, v] = [k.param("W", [V, V]), k.param("A", [V, V]), k.param("v", [V])];
        const [x, z] = [k.token("x", V, [t]), k.value("z", [V], [t])];
        random(k, mode, "y", [t], "categorical", () => [z("t")]);
        random(k, mode, "b", [], "bernoulli", () => [E.dot(v(), z("$-1"))]);
        k.clause("y", { t: "-1" }, bos);
        k.equate("z", E.add(op("col", [W(), x("t")]), op("col", [A(), k.access("y")("t-1")])));
      }),
  );
export const taggerParams = parameters({ W: V * V, A: V * V, v: V }, 3);

/** A language model with, per step, w[t] ~ categorical(B y[t] + C w[t-1]) and, after it all, z[t] ~ bernoulli(c · h[t]). */
export const twoVoices = (): Model =>
  model(
    [ragged("T", UNTIL)],
    [
      field("y", "random", ["T"], "categorical"),
      field("w", "random", ["T"], "categorical"),
      field("z", "random", ["T"], "bernoulli"),
    ],
    (mode) =>
      build({ T: [] }, (k) => {
        const [U, W, O] = [k.param("U", [H, H]), k.param("W", [H, V]), k.param("O", [V, H])];
        const [B, C, c] = [k.param("B", [V, V]), k.param("C", [H, V]), k.param("c", [H])];
        const h = k.value("h", [H], [t]);
        random(k, mode, "y", [t], "categorical", () => [E.mv(O(), h("t"))]);
        random(k, mode, "w", [t], "categorical", () => [op("col", [B(), k.access("y")("t")])]);
        random(k, mode, "z", [t], "bernoulli", () => [E.dot(c(), h("t"))]);
        k.clause("y", { t: "-1" }, bos);
        k.clause("w", { t: "-1" }, bos);
        k.equate(
          "h",
          tanh(E.mv(U(), h("t-1")), op("col", [W(), k.access("y")("t-1")]), op("col", [C(), k.access("w")("t-1")])),
        );
        k.clause("h", { t: "-1" }, E.num(0, [H]));
      }),
  );
export const twoVoicesParams = parameters({ ...RECURRENCE, B: V * V, C: H * V, c: H }, 4);

/** s[t] ~ normal(a · s[t-1] + b, sd), s[-1] = 1. */
export const walk = (): Model =>
  model([ragged("T")], [field("s", "random", ["T"], "normal")], (mode) =>
    build({ T: [] }, (k) => {
      const [a, b, sd] = [k.param("a", []), k.param("b", []), k.param("sd", [])];
      random(k, mode, "s", [t], "normal", () => [E.add(E.mul(a(), k.access("s")("t-1")), b()), sd()]);
      k.clause("s", { t: "-1" }, E.num(1));
    }),
  );
export const walkParams: Params = { a: [0.5], b: [0.25], sd: [0.1] };

const mv = (M: readonly number[], x: readonly number[]): number[] =>
  Array.from({ length: M.length / x.length }, (_, i) =>
    x.reduce((sum, v, j) => sum + (M[i * x.length + j] as number) * v, 0),
  );
const col = (M: readonly number[], n: number, j: number): number[] =>
  Array.from({ length: M.length / n }, (_, i) => M[i * n + j] as number);
const plus = (a: readonly number[], b: readonly number[]): number[] => a.map((x, i) => x + (b[i] as number));

/** The logits of `recurrence` after a history, in plain code. */
export function recurrentToy(p: Params, start: readonly number[] = Array(H).fill(0)): Toy {
  return (history) => {
    let h = [...start];
    for (const y of [BOS, ...history]) h = plus(mv(p["U"]!, h), col(p["W"]!, V, y)).map(Math.tanh);
    return Float64Array.from(mv(p["O"]!, h));
  };
}

/** The state in which `translator` starts to write. */
export function encoded(p: Params, x: readonly number[]): number[] {
  return x.reduce<number[]>((e, i) => plus(col(p["We"]!, V, i), mv(p["Ue"]!, e)).map(Math.tanh), Array(H).fill(0));
}

/** Logits of y and, given y, of w in `twoVoices` after a history of pairs. */
export function voices(p: Params, history: readonly (readonly [number, number])[], y: number): [number[], number[]] {
  let h: number[] = Array(H).fill(0);
  for (const [a, b] of [[BOS, BOS] as const, ...history])
    h = plus(plus(mv(p["U"]!, h), col(p["W"]!, V, a)), col(p["C"]!, V, b)).map(Math.tanh);
  return [mv(p["O"]!, h), col(p["B"]!, V, y)];
}
