/**
 * How large the numbers of a value can become, as an interval that follows from its equation alone, whatever the data and
 * whatever stands on the padding.
 */
import { touches } from "../system/deps.js";
import { type Eq, getValue, type Read, type System } from "../system/types.js";

type Interval = readonly [low: number, high: number];

const ANY: Interval = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
const UNIT: Interval = [0, 1];
const ZERO: Interval = [0, 0];

/** Do all numbers of a value lie between −1 and 1? */
export function isGate(system: System, id: string): boolean {
  const [low, high] = new Magnitudes(system).of(id);
  return low >= -1 && high <= 1;
}

class Magnitudes {
  readonly #known = new Map<string, Interval>();

  constructor(readonly system: System) {}

  of(id: string): Interval {
    const known = this.#known.get(id);
    if (known) return known;
    this.#known.set(id, ANY); // of what depends on itself
    const { eq, dtype } = getValue(this.system, id);
    const found = eq && dtype === "float" && (!eq.red || eq.red.kind === "max") ? this.#equation(eq) : ANY;
    this.#known.set(id, found);
    return found;
  }

  /** What is read, or stands at a boundary that is hit, or 0 where a guard fails or there is nothing. */
  #read(r: Read): Interval {
    const found = touches(this.system, r).map((t) => this.of(t.v));
    const { outside } = getValue(this.system, r.v);
    return hull([...found, ...(r.when.length || outside === "zero" ? [ZERO] : [])]);
  }

  #equation(eq: Eq): Interval {
    const args = eq.args.map((r) => this.#read(r));
    const [x = ANY, y = ANY, z = ANY] = args;
    switch (eq.op) {
      case "sigmoid":
      case "softmax":
      case "softmaxAlong":
      case "less":
      case "lessEqual":
      case "equal":
        return UNIT;
      case "tanh":
      case "sin":
      case "cos":
      case "sign":
        return [-1, 1];
      case "const": {
        const value = eq.attrs["value"] as number;
        return [value, value];
      }
      case "affine":
        return sum(product([eq.attrs["a"] as number, eq.attrs["a"] as number], x), [
          eq.attrs["b"] as number,
          eq.attrs["b"] as number,
        ]);
      case "add":
        return args.reduce(sum);
      case "mul":
      case "scale":
        return args.reduce(product);
      case "exp":
        return [Math.exp(x[0]), Math.exp(x[1])];
      case "relu":
      case "softplus":
        return [0, eq.op === "relu" ? Math.max(0, x[1]) : ANY[1]];
      case "maximum":
        return [Math.max(x[0], y[0]), Math.max(x[1], y[1])];
      case "minimum":
        return [Math.min(x[0], y[0]), Math.min(x[1], y[1])];
      case "where":
        return hull([y, z]);
      case "mask":
      case "pad":
        return hull([x, ZERO]);
      case "id":
      case "stop":
      case "slice":
      case "concat":
      case "reshape":
      case "transpose":
      case "fill":
        return hull(args);
      default:
        return ANY;
    }
  }
}

const hull = (all: readonly Interval[]): Interval => [
  Math.min(...all.map(([low]) => low)),
  Math.max(...all.map(([, high]) => high)),
];

const sum = (a: Interval, b: Interval): Interval => [a[0] + b[0], a[1] + b[1]];

/** 0 · ∞ is 0 here: a factor that is 0 leaves nothing. */
function product(a: Interval, b: Interval): Interval {
  const all = a.flatMap((p) => b.map((q) => (p === 0 || q === 0 ? 0 : p * q)));
  return [Math.min(...all), Math.max(...all)];
}
