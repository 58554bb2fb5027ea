import { at, envOf, isIdentity, substRead } from "../system/positions.js";
import type { Eq, Read, System, Value } from "../system/types.js";
import { eliminate } from "./dce.js";
import type { Pass } from "./types.js";

/** How often each value is read. Clauses count twice: what they read must stay a value of its own. */
export function useCounts(system: System): Map<string, number> {
  const uses = new Map<string, number>();
  const count = (id: string, n: number): void => void uses.set(id, (uses.get(id) ?? 0) + n);
  for (const v of system.values.values()) {
    for (const r of v.eq?.args ?? []) count(r.v, 1);
    for (const c of v.clauses) count(c.read.v, 2);
  }
  return uses;
}

export const simplify: Pass = {
  name: "simplify",
  doc: "Flatten sums and products, fold constants, turn a sum of pads into a concatenation.",
  run(system, keep) {
    const uses = useCounts(system);
    const values = new Map(system.values);
    for (const id of [...values.keys()]) {
      const v = values.get(id) as Value;
      if (!v.eq) continue;
      const next = fold(values, flatten(values, uses, v));
      if (next !== v) values.set(id, next);
      for (const extra of padsToConcat(values, values.get(id) as Value)) values.set(extra.id, extra);
    }
    return eliminate({ axes: system.axes, values }, keep);
  },
};

const unguarded = (v: Value, r: Read): boolean => isIdentity(v, r) && !v.clauses.length && v.eq !== null && !v.eq.red;

/** add(add(a, b), c) → add(a, b, c), where the inner sum has no other reader and the same axes; the same for mul. */
function flatten(values: ReadonlyMap<string, Value>, uses: ReadonlyMap<string, number>, v: Value): Value {
  const eq = v.eq as Eq;
  if (eq.op !== "add" && eq.op !== "mul") return v;
  const width = v.slots.length + (eq.red?.vars.length ?? 0);
  let changed = false;
  const open = (r: Read): Read[] => {
    const u = values.get(r.v) as Value;
    if (u.eq?.op !== eq.op || !unguarded(u, r) || uses.get(r.v) !== 1 || u.slots.length !== width) return [r];
    changed = true;
    return u.eq.args.map((a) => substRead(a, envOf(u, r))).flatMap(open);
  };
  const args = eq.args.flatMap(open);
  return changed ? { ...v, eq: { ...eq, args } } : v;
}

/** The number that a read always gives, if it is a constant. */
function constantOf(values: ReadonlyMap<string, Value>, r: Read): number | null {
  const u = values.get(r.v) as Value;
  return u.eq?.op === "const" && !r.when.length ? (u.eq.attrs["value"] as number) : null;
}

/** Constants in sums, products and scalings. */
function fold(values: ReadonlyMap<string, Value>, v: Value): Value {
  const eq = v.eq as Eq;
  const to = (op: string, args: readonly Read[], attrs: Eq["attrs"] = {}): Value => ({
    ...v,
    eq: { ...eq, op, args, attrs },
  });
  const constant = (value: number): Value => ({
    ...v,
    eq: { op: "const", attrs: { value, shape: [...v.shape] }, args: [], along: null, red: null },
  });
  switch (eq.op) {
    case "add": {
      if (eq.red) return v;
      const rest = eq.args.filter((r) => constantOf(values, r) !== 0);
      if (rest.length === eq.args.length) return v;
      return rest.length === 0 ? constant(0) : rest.length === 1 ? to("id", rest) : to("add", rest);
    }
    case "mul": {
      if (eq.args.some((r) => constantOf(values, r) === 0)) return constant(0);
      const rest = eq.args.filter((r) => constantOf(values, r) === null);
      if (rest.length === eq.args.length || rest.length === 0) return v;
      const k = eq.args.reduce((p, r) => p * (constantOf(values, r) ?? 1), 1);
      if (k === 1) return rest.length === 1 ? to("id", rest) : to("mul", rest);
      return rest.length === 1 && !eq.red ? to("affine", rest, { a: k, b: 0 }) : v;
    }
    case "scale": {
      const [s, x] = eq.args as [Read, Read];
      const k = constantOf(values, s);
      if (k === 0 || constantOf(values, x) === 0) return constant(0);
      if (k === 1) return to("id", [x]);
      return k !== null && !eq.red ? to("affine", [x], { a: k, b: 0 }) : v;
    }
    case "affine": {
      const [x] = eq.args as [Read];
      const [a, b] = [eq.attrs["a"] as number, eq.attrs["b"] as number];
      const k = constantOf(values, x);
      if (k !== null && !eq.red) return constant(a * k + b);
      if (a === 1 && b === 0) return to("id", [x]);
      return v;
    }
    case "mv":
    case "mvT":
    case "outer":
    case "dot":
      return eq.args.some((r) => constantOf(values, r) === 0) ? constant(0) : v;
    case "id": {
      const [x] = eq.args as [Read];
      const k = constantOf(values, x);
      return k !== null && (!eq.red || (k === 0 && eq.red.kind === "sum")) ? constant(k) : v;
    }
    case "pad":
    case "slice":
    case "fill":
    case "mask":
    case "sumf":
      return constantOf(values, eq.args[0] as Read) === 0 ? constant(0) : v;
    default:
      return v;
  }
}

/** The adjoint of `split`: a sum of pads that tile the whole is their concatenation, so that one matmul follows. */
function padsToConcat(values: ReadonlyMap<string, Value>, v: Value): Value[] {
  const eq = v.eq as Eq;
  if (eq.op !== "add" || eq.red) return [];
  const pads = eq.args
    .flatMap((r) => {
      const u = values.get(r.v) as Value;
      return u.eq?.op === "pad" && unguarded(u, r)
        ? [{ r, from: u.eq.attrs["from"] as number, part: substRead(u.eq.args[0] as Read, envOf(u, r)) }]
        : [];
    })
    .sort((a, b) => a.from - b.from);
  let end = 0;
  for (const p of pads) {
    if (p.from !== end) return [];
    end += (values.get(p.part.v) as Value).shape[0] as number;
  }
  if (pads.length < 2 || end !== v.shape[0]) return [];
  const parts = pads.map((p) => p.part);
  const rest = eq.args.filter((r) => !pads.some((p) => p.r === r));
  const concat: Eq = { ...eq, op: "concat", args: parts, attrs: {} };
  if (!rest.length) return [{ ...v, eq: concat }];
  const whole: Value = { ...v, id: `${v.id}.cat`, named: false, clauses: [], eq: concat };
  return [
    whole,
    { ...v, eq: { ...eq, args: [...rest, { v: whole.id, idx: v.slots.map((s) => at(s.name)), when: [] }] } },
  ];
}
