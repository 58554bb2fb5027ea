import { getValue, type System, type Value } from "../system/types.js";

/** Ops whose result has the dims of their arguments. */
const sameShape: ReadonlySet<string> = new Set([
  "id",
  "add",
  "mul",
  "affine",
  "mask",
  "stop",
  "where",
  "scale",
  "softmax",
  "softmaxAlong",
  "xentGrad",
  "tanh",
  "sigmoid",
  "relu",
  "softplus",
  "exp",
  "log",
]);

/** Dims in the user's names. A part that has none of its own takes them from what it is made of; else they are numbers. */
export function labelsOf(system: System, value: Value, depth = 8): readonly string[] {
  if (value.labels !== undefined && value.labels.length === value.shape.length) return value.labels;
  const numbers = value.shape.map(String);
  const { eq } = value;
  if (eq === null || value.shape.length === 0 || depth === 0) return numbers;
  const of = (i: number): readonly string[] => {
    const read = eq.args[i];
    return read === undefined ? [] : labelsOf(system, getValue(system, read.v), depth - 1);
  };
  const guess = (): readonly (string | undefined)[] => {
    switch (eq.op) {
      case "mv":
      case "col":
        return of(0).slice(0, 1);
      case "mvT":
        return of(0).slice(1);
      case "outer":
        return [...of(0), ...of(1)];
      case "mm":
        return [of(0)[0], of(1)[1]];
      case "transpose":
        return [...of(0)].reverse();
      default:
        return [];
    }
  };
  const found = sameShape.has(eq.op)
    ? best(
        eq.args.map((_, i) => of(i)),
        numbers,
      )
    : guess();
  return numbers.map((size, i) => found[i] ?? size);
}

/** Of several arguments, one of the same rank that has names. */
function best(candidates: readonly (readonly string[])[], numbers: readonly string[]): readonly string[] {
  const fitting = candidates.filter((labels) => labels.length === numbers.length);
  return fitting.find((labels) => labels.some((label, i) => label !== numbers[i])) ?? numbers;
}
