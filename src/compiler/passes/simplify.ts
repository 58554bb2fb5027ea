import { opOf } from "../ops/index.js";
import type { Attrs, Eq, Read, Value } from "../system/types.js";
import { eliminate } from "./dce.js";
import { isInRange, seeThrough } from "./rewrite.js";
import type { Pass } from "./types.js";

export const simplify: Pass = {
  name: "simplify",
  doc: "Fold constants: 0 + x, 1 · x, 0 · x, choices that are decided, powers 1, 2 and 1/2.",
  run(system, keep) {
    const values = new Map(system.values);
    for (const id of [...values.keys()]) {
      const v = values.get(id) as Value;
      if (v.eq) values.set(id, fold(values, v, v.eq));
    }
    return eliminate({ axes: system.axes, values }, keep);
  },
};

/** The number that a read always gives, if it is a constant. Outside the domain of an adjoint, that is 0. */
function constantOf(values: ReadonlyMap<string, Value>, r: Read): number | null {
  const u = values.get(r.v) as Value;
  if (u.eq?.op !== "const" || u.eq.red) return null;
  const k = u.eq.attrs["value"] as number;
  const always = r.when.length === 0 && isInRange(u, r);
  return always || (k === 0 && !u.clauses.length) ? k : null;
}

/** Elementwise ops of constants are constants. */
const ELEMENTWISE = new Set(["affine", "equal", "less", "lessEqual", "maximum", "minimum", "div", "pow", "exp", "log"]);

function fold(values: ReadonlyMap<string, Value>, v: Value, eq: Eq): Value {
  const to = (op: string, args: readonly Read[], attrs: Attrs = {}): Value => ({
    ...v,
    eq: { ...eq, op, args, attrs },
  });
  const constant = (value: number): Value => ({
    ...v,
    eq: { op: "const", attrs: { value, shape: [...v.shape] }, args: [], along: null, red: null },
  });
  const k = eq.args.map((r) => constantOf(values, r));
  const isZero = k.includes(0);
  if (eq.red && eq.red.kind !== "sum") return v;
  if (ELEMENTWISE.has(eq.op) && !eq.red && k.length && k.every((x) => x !== null)) {
    const value = opOf(eq.op).eval?.(
      k.map((x) => Float64Array.of(x as number)),
      eq.attrs,
      k.map(() => []),
    )?.[0];
    if (value !== undefined && Number.isFinite(value)) return constant(value);
  }
  switch (eq.op) {
    case "add": {
      if (eq.red) return v;
      const rest = eq.args.filter((_, i) => k[i] !== 0);
      if (rest.length === eq.args.length) return v;
      return rest.length === 0 ? constant(0) : rest.length === 1 ? to("id", rest) : to("add", rest);
    }
    case "mul": {
      if (isZero) return constant(0);
      const rest = eq.args.filter((_, i) => k[i] === null);
      if (rest.length === eq.args.length || rest.length === 0) return v;
      const factor = k.reduce<number>((p, x) => p * (x ?? 1), 1);
      if (factor === 1) return rest.length === 1 ? to("id", rest) : to("mul", rest);
      return rest.length === 1 && !eq.red ? to("affine", rest, { a: factor, b: 0 }) : v;
    }
    case "scale": {
      const [, x] = eq.args as [Read, Read];
      if (isZero) return constant(0);
      if (k[0] === 1) return to("id", [x]);
      return typeof k[0] === "number" && !eq.red ? to("affine", [x], { a: k[0], b: 0 }) : v;
    }
    case "affine": {
      const [x] = eq.args as [Read];
      const [a, b] = [eq.attrs["a"] as number, eq.attrs["b"] as number];
      if (a === 1 && b === 0) return to("id", [x]);
      if (a === 0 && !eq.red) return constant(b);
      const inner = seeThrough(values, x);
      // a (c x + d) + b
      if (inner?.eq.op === "affine" && !eq.red)
        return to("affine", inner.args, {
          a: a * (inner.eq.attrs["a"] as number),
          b: a * (inner.eq.attrs["b"] as number) + b,
        });
      return v;
    }
    case "where":
      return typeof k[0] === "number" ? to("id", [eq.args[k[0] !== 0 ? 1 : 2] as Read]) : v;
    case "pow": {
      const [x] = eq.args as [Read, Read];
      if (k[1] === 0) return constant(1);
      if (k[1] === 1) return to("id", [x]);
      if (k[1] === 2) return to("mul", [x, x]);
      return k[1] === 0.5 ? to("sqrt", [x]) : v;
    }
    case "div": {
      const [x] = eq.args as [Read, Read];
      // only where the reciprocal is exact: 49 · (1/49) is below 1, and so would be an integer division
      const isPower = typeof k[1] === "number" && Number.isInteger(Math.log2(Math.abs(k[1])));
      return isPower ? to("affine", [x], { a: 1 / (k[1] as number), b: 0 }) : v;
    }
    case "mv":
    case "mvT":
    case "mm":
    case "outer":
    case "dot":
      return isZero ? constant(0) : v;
    case "id":
      return typeof k[0] === "number" && (!eq.red || k[0] === 0) ? constant(k[0]) : v;
    case "fill":
      return typeof k[0] === "number" && !eq.red ? constant(k[0]) : k[0] === 0 ? constant(0) : v;
    case "pad":
    case "slice":
    case "mask":
    case "sumf":
    case "centre":
    case "transpose":
    case "reshape":
      return k[0] === 0 ? constant(0) : v;
    default:
      return v;
  }
}
