/** The op `draw`, and the mode of each distribution: what the reference evaluation takes in the place of a draw. */
import { ROW } from "../beam.js";
import { Choices, temperingOf } from "../choice.js";
import { at, defineOp, num, nums } from "./types.js";

/**
 * The parameters of a distribution that ranges over variables: at each index of the first variable, those of the next, and
 * at the innermost the numbers themselves.
 */
export type Ranged =
  | { readonly at: null; readonly params: readonly Float64Array[] }
  | { readonly at: readonly Ranged[] };

/** The index of the first maximum; −1 of nothing. */
export const firstMaximum = (xs: ArrayLike<number>): number => {
  let best = xs.length ? 0 : -1;
  for (let i = 1; i < xs.length; i++) if ((xs[i] as number) > (xs[best] as number)) best = i;
  return best;
};

/** Of any one place: what does not depend on the inner variables is the same at each. */
function first(r: Ranged): readonly Float64Array[] {
  if (r.at === null) return r.params;
  const [inner] = r.at;
  if (!inner) throw new Error("a draw from nothing: the axis is empty");
  return first(inner);
}

/** Without the parameter that was used already. */
const rest = (r: Ranged): Ranged => (r.at === null ? { at: null, params: r.params.slice(1) } : { at: r.at.map(rest) });

const argmaxOf = (r: Ranged): number =>
  firstMaximum(r.at === null ? (r.params[0] as Float64Array) : r.at.map((x) => at(first(x)[0], 0)));

/** The most probable value; of a mixture, that of its most probable component. */
export function modeOf(dist: string, attrs: Readonly<Record<string, unknown>>, r: Ranged): Float64Array {
  switch (dist) {
    case "categorical":
      return Float64Array.of(argmaxOf(r));
    case "mixture": {
      const component = r.at?.[argmaxOf(r)];
      if (!component) throw new Error("a mixture of no components");
      return modeOf(String(attrs["base"]), attrs, rest(component));
    }
    case "ctc":
      return bestPath((r.at ?? []).map((x) => first(x)[0] as Float64Array));
    case "bernoulli":
      return (first(r)[0] as Float64Array).map((v) => (v > 0 ? 1 : 0));
    case "uniform": {
      const [low, high] = first(r) as [Float64Array, Float64Array];
      return low.map((v, i) => (v + at(high, i)) / 2);
    }
    default:
      return first(r)[0] as Float64Array; // normal, laplace, mvnormal: their centre
  }
}

/** The likeliest entry of each frame, repetitions as one, without blanks, which are the last entry (Graves et al. 2006). */
export function bestPath(frames: readonly ArrayLike<number>[]): Float64Array {
  const path = frames.map(firstMaximum);
  return Float64Array.from(
    path.filter((k, t) => k !== path[t - 1] && k !== (frames[t] as ArrayLike<number>).length - 1),
  );
}

const isIndex = (dist: unknown): boolean => dist === "categorical" || dist === "ctc";
const drawn = (attrs: Readonly<Record<string, unknown>>): unknown =>
  attrs["dist"] === "mixture" ? attrs["base"] : attrs["dist"];

export const draw = defineOp({
  name: "draw",
  doc:
    "A draw from a distribution, made by the decoder; here its mode. `dist` is `categorical` (logits), `bernoulli` (logit), " +
    "`normal` (mean, deviation), `laplace` (centre, scale), `uniform` (bounds), `mvnormal` (mean, covariance), `mixture` " +
    "(logits of its components, then the parameters of each, which is a `base`) or `ctc` (logits, the blank last).",
  params: ["parameter…"],
  dtype: (_, attrs) => (isIndex(drawn(attrs)) ? "int" : "float"),
  zero: "never",
  infer: (shapes, attrs) =>
    isIndex(drawn(attrs)) ? [] : [...(shapes[attrs["dist"] === "mixture" ? 1 : 0] as number[])],
  eval: (params, attrs) => modeOf(String(attrs["dist"]), attrs, { at: null, params }),
  vjp: { none: "a draw" },
  samples: [
    { shapes: [[4]], attrs: { dist: "categorical" } },
    { shapes: [[2]], attrs: { dist: "bernoulli" } },
    { shapes: [[2], [2]], attrs: { dist: "normal" } },
    { shapes: [[2], [2]], attrs: { dist: "laplace" } },
    {
      shapes: [[2], [2]],
      data: [
        [-1, 0],
        [1, 3],
      ],
      attrs: { dist: "uniform" },
    },
    { shapes: [[2], [2, 2]], attrs: { dist: "mvnormal" } },
  ],
});

export const choose = defineOp({
  name: "choose",
  doc:
    "A draw from a categorical distribution that is computed where it stands. `given`: 0 beyond the end of the row, 1 where " +
    "a value is drawn, y + 2 where it is known to be y. `before`: this op's result at the step before. Then a uniform number, " +
    "and the temperature, alone or with `top_k` (0: all) and `top_p`; without these the likeliest value. " +
    "Gives [value, −log p, 1 if the sequence goes on]: it ends behind the value `end`. Values in `never` are not taken.",
  params: ["z", "given", "before", "number…"],
  zero: "never",
  infer: () => [3],
  eval: ([z, given, before, u, how], attrs) => {
    const out = new Float64Array(3);
    const choices = new Choices((z as Float64Array).length, nums(attrs, "never"), num(attrs, "end"));
    const tempering = how ? temperingOf(...(how as unknown as [number])) : null;
    choices.row(out, 0, z as Float64Array, 0, at(given, 0), at(before, 2) > 0, tempering, u ? at(u, 0) : 0);
    return out;
  },
  vjp: { none: "a draw" },
  samples: [],
  unsampled: "has integers among its arguments: tested against draws by the decoder",
});

export const beam = defineOp({
  name: "beam",
  doc:
    "One step of a beam search along a variable over its k rows: the best continuations of the open ones, in order. `given`: " +
    "y + 2 where the value is known to be y; `before`: this op's result at the step before, 0 at first; `terms`: what divides log p into a score, of " +
    "a sequence that ends at this step, at the next, at the last, and whether this is the last. Gives of each row [token, " +
    "row it goes on from, state, log p as a sum of three, how many have ended, best score of these].",
  params: ["z", "given", "before", "terms"],
  zero: "never",
  infer: () => [ROW.size],
  vjp: { none: "a choice" },
  samples: [],
  unsampled: "acts along a variable: tested against the host's search by the decoder",
});
