/**
 * Where padding would change a result. A batch is padded to its longest sample; on the padding, values are finite but
 * meaningless. Two things would notice: a sum over a ragged axis, and an adjoint read beyond the sample's end, which is
 * δ[T] = 0. A greatest-fixpoint analysis finds which values are zero on the padding anyway (recurrences may assume it of
 * themselves): for LSTM and GRU that is everything downstream of the masked loss terms, so nothing is masked inside loops.
 */
import { opOf } from "../ops/index.js";
import { SystemBuilder } from "../system/builder.js";
import { E, ofRead } from "../system/expr.js";
import { axisOf, type Eq, getValue, type Read, type Slot, type System, type Value } from "../system/types.js";
import type { Pass } from "./types.js";

type Zeros = ReadonlyMap<string, ReadonlySet<string>>;

const isRagged = (system: System, s: Slot): boolean => axisOf(system, s.axis).kind === "ragged";

/** For each value, the slots on whose padding it is known to be 0. */
export function zeroOnPadding(system: System): Zeros {
  const zeros = new Map<string, Set<string>>();
  for (const v of system.values.values())
    zeros.set(v.id, new Set(v.eq ? v.slots.filter((s) => isRagged(system, s)).map((s) => s.name) : []));
  for (let changed = true; changed; ) {
    changed = false;
    for (const v of system.values.values())
      for (const name of [...(zeros.get(v.id) as Set<string>)])
        if (!equationIsZero(system, zeros, v, name)) {
          zeros.get(v.id)?.delete(name);
          changed = true;
        }
  }
  return zeros;
}

/** Is what `r` reads 0 wherever the variable `name` lies in the padding? */
function readIsZero(system: System, zeros: Zeros, r: Read, name: string): boolean {
  const isVar = (p: Read["idx"][number]): boolean => p.k === "var" && p.v === name && p.shift >= 0;
  for (const c of r.when) {
    if (c.rel === "in" && isVar(c.a)) return true;
    if (c.rel === "eq" && isVar(c.a) && c.b.k === "end" && c.b.off < 0) return true;
    if (c.rel === "eq" && isVar(c.b) && c.a.k === "end" && c.a.off < 0) return true;
  }
  const u = getValue(system, r.v);
  return u.slots.some((s, i) => {
    const p = r.idx[i];
    const atEnd = u.clauses.some((c) => c.pins.some((q) => q.slot === s.name && q.at.k === "end"));
    return p !== undefined && isVar(p) && !atEnd && zeros.get(r.v)?.has(s.name) === true;
  });
}

function equationIsZero(system: System, zeros: Zeros, v: Value, name: string): boolean {
  const eq = v.eq as Eq;
  if (eq.op === "mask" && (eq.attrs["slots"] as readonly string[]).includes(name)) return true;
  if (eq.along !== null) return eq.along === name; // a softmax along a ragged axis is 0 on its padding
  if (eq.red && eq.red.kind !== "sum") return false;
  if (eq.op === "where") return eq.args.slice(1).every((r) => readIsZero(system, zeros, r, name));
  const { zero } = opOf(eq.op);
  const rule = typeof zero === "function" ? zero(eq.attrs) : zero;
  if (rule === "never") return false;
  if (rule === "first") return readIsZero(system, zeros, eq.args[0] as Read, name);
  return rule === "any"
    ? eq.args.some((r) => readIsZero(system, zeros, r, name))
    : eq.args.every((r) => readIsZero(system, zeros, r, name));
}

export const maskPadding: Pass = {
  name: "mask-padding",
  doc: "Select 0 on the padding of ragged axes where a sum or an adjoint would otherwise notice it.",
  run(system) {
    for (;;) {
      const next = maskOne(system);
      if (!next) return system;
      system = next;
    }
  },
};

/** Masks for the first need that is found; null where there is none. */
function maskOne(system: System): System | null {
  const zeros = zeroOnPadding(system);
  for (const v of system.values.values()) {
    const { eq } = v;
    if (!eq) continue;
    if (eq.red?.kind === "sum") {
      const open = eq.red.vars
        .filter((s) => isRagged(system, s) && !equationIsZero(system, zeros, v, s.name))
        .map((s) => s.name);
      if (open.length) return maskArgument(system, v, cheapest(system, eq, open), open);
    }
    for (const [i, r] of eq.args.entries()) {
      const u = getValue(system, r.v);
      if (u.outside !== "zero") continue;
      const beyond = u.slots.filter((s, k) => {
        const p = r.idx[k];
        const leaves = p?.k === "var" ? p.shift > 0 : p?.k === "start" && p.off >= axisOf(system, s.axis).min;
        return leaves && isRagged(system, s) && !zeros.get(u.id)?.has(s.name);
      });
      if (beyond.length)
        return maskValue(
          system,
          v,
          i,
          beyond.map((s) => s.name),
        );
    }
  }
  return null;
}

/** The smallest argument that has all the variables; masking one factor of a product is enough. */
function cheapest(system: System, eq: Eq, names: readonly string[]): number {
  if (opOf(eq.op).zero !== "any" || eq.args.length === 1) return 0;
  const size = (r: Read): number => {
    const vars = new Set(r.idx.map((p) => (p.k === "var" ? p.v : "")));
    return names.every((n) => vars.has(n)) ? getValue(system, r.v).shape.reduce((a, b) => a * b, 1) : Infinity;
  };
  const sizes = eq.args.map(size);
  return sizes.indexOf(Math.min(...sizes));
}

function maskArgument(system: System, v: Value, i: number, names: readonly string[]): System {
  const eq = v.eq as Eq;
  const builder = new SystemBuilder(system);
  const scope = [...v.slots, ...(eq.red?.vars ?? [])];
  const masked = builder.emit(E.mask(ofRead(eq.args[i] as Read), names), scope, `${v.id}.mask`);
  builder.values.set(v.id, { ...v, eq: { ...eq, args: eq.args.map((r, k) => (k === i ? masked : r)) } });
  return builder.finish();
}

/** Reads beyond the end read a copy that is 0 there. */
function maskValue(system: System, v: Value, i: number, names: readonly string[]): System {
  const eq = v.eq as Eq;
  const builder = new SystemBuilder(system);
  const r = eq.args[i] as Read;
  const u = getValue(system, r.v);
  const id = builder.define(builder.freshId(`${u.id}.mask`), u.slots, E.mask(builder.ident(u.id), names), {
    outside: "zero",
    named: false,
  });
  builder.values.set(v.id, { ...v, eq: { ...eq, args: eq.args.map((a, k) => (k === i ? { ...r, v: id } : a)) } });
  return builder.finish();
}
