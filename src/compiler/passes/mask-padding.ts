/**
 * Where padding would change a result. A batch is padded to its longest sample; on the padding, values are finite but
 * meaningless. Two things would notice: a sum over a ragged axis, and an adjoint read beyond the sample's end, which is
 * δ[T] = 0. A greatest-fixpoint analysis finds which values are zero on the padding anyway (recurrences may assume it of
 * themselves): for LSTM and GRU that is everything downstream of the masked loss terms, so nothing is masked inside loops.
 */
import { opOf } from "../ops/index.js";
import type { ZeroRule } from "../ops/types.js";
import { SystemBuilder } from "../system/builder.js";
import { dependencies, reach, touches } from "../system/deps.js";
import { E, ofRead } from "../system/expr.js";
import { at, envOf, outerNames, samePos, substRead, within } from "../system/positions.js";
import {
  axisOf,
  BATCH,
  type Eq,
  getValue,
  type Pos,
  product,
  type Read,
  type Slot,
  type System,
  type Value,
} from "../system/types.js";
import { mapReads } from "./copyprop.js";
import { eliminate } from "./dce.js";
import { type Depths, depths } from "./depth.js";
import type { Pass } from "./types.js";

type Zeros = ReadonlyMap<string, ReadonlySet<string>>;

const isRagged = (system: System, s: Slot): boolean => axisOf(system, s.axis).kind === "ragged";

/** The ragged slots among those of one equation, if it speaks of a sample: without one there is no length and no padding. */
const padded = (system: System, slots: readonly Slot[]): Slot[] =>
  slots.some((s) => s.axis === BATCH.axis) ? slots.filter((s) => isRagged(system, s)) : [];
const paddedSlots = (system: System, v: Value): Slot[] => padded(system, v.slots);

/** For each value, the slots on whose padding it is known to be 0, if the values `assumed` are. */
export function zeroOnPadding(system: System, assumed: ReadonlySet<string> = new Set()): Zeros {
  const zeros = new Map<string, Set<string>>();
  for (const v of system.values.values())
    zeros.set(v.id, new Set(v.eq || assumed.has(v.id) ? paddedSlots(system, v).map((s) => s.name) : []));
  for (let changed = true; changed; ) {
    changed = false;
    for (const v of system.values.values())
      for (const name of [...(zeros.get(v.id) as Set<string>)])
        if (!assumed.has(v.id) && !equationIsZero(system, zeros, v, name)) {
          zeros.get(v.id)?.delete(name);
          changed = true;
        }
  }
  return zeros;
}

/** Is what `r` reads 0 wherever the variable `name` lies in the padding, the clauses that it can land on included? */
const readIsZero = (system: System, zeros: Zeros, r: Read, name: string, scope: readonly Slot[]): boolean =>
  touches(system, r).every((t) => landsOnZero(system, zeros, t, name, scope));

/** Are these the variables around `name` in its own scope? Only there is what is beyond its length beyond the read's. */
function isAround(scope: readonly Slot[], name: string, outer: readonly Pos[]): boolean {
  const slot = scope.find((s) => s.name === name);
  const own = slot ? outerNames(scope, slot) : [];
  return own.length === outer.length && own.every((v, i) => samePos(at(v), outer[i] as Pos));
}

function landsOnZero(system: System, zeros: Zeros, r: Read, name: string, scope: readonly Slot[]): boolean {
  const isVar = (p: Pos): boolean => p.k === "var" && p.v === name && p.shift >= 0;
  for (const c of r.when) {
    if (!isAround(scope, name, c.within ?? [])) continue;
    if (c.rel === "in" && isVar(c.a)) return true;
    if (c.rel === "eq" && isVar(c.a) && c.b.k === "end" && c.b.off < 0) return true;
    if (c.rel === "eq" && isVar(c.b) && c.a.k === "end" && c.a.off < 0) return true;
  }
  const u = getValue(system, r.v);
  return u.slots.some((s, i) => {
    const p = r.idx[i];
    const atEnd = u.clauses.some((c) => c.pins.some((q) => q.slot === s.name && q.at.k === "end"));
    if (p === undefined || !isVar(p) || atEnd || !zeros.get(r.v)?.has(s.name)) return false;
    return isAround(scope, name, within(u.slots, r.idx, i).within ?? []);
  });
}

function zeroRule(eq: Eq): ZeroRule {
  const { zero } = opOf(eq.op);
  return typeof zero === "function" ? zero(eq.attrs) : zero;
}

function equationIsZero(system: System, zeros: Zeros, v: Value, name: string): boolean {
  const eq = v.eq as Eq;
  if (eq.op === "mask" && (eq.attrs["slots"] as readonly string[]).includes(name)) return true;
  if (eq.op === "only" && isChosenInside(system, eq, name)) return true;
  if (eq.op === "linearAlong") return false;
  if (eq.along !== null) return eq.along === name; // a softmax along a ragged axis is 0 on its padding
  if (eq.red && eq.red.kind !== "sum") return false;
  const scope = scopeOf(v, eq);
  const isZero = (r: Read): boolean => readIsZero(system, zeros, r, name, scope);
  if (eq.op === "where") return eq.args.slice(1).every(isZero);
  const rule = zeroRule(eq);
  if (rule === "never") return false;
  if (rule === "first") return isZero(eq.args[0] as Read);
  return rule === "any" ? eq.args.some(isZero) : eq.args.every(isZero);
}

/** A choice never falls on the padding of what it chooses from; maps of structures choose nothing on their own padding. */
function isChosenInside(system: System, eq: Eq, name: string): boolean {
  if ("fill" in eq.attrs) return false;
  if (eq.attrs["slot"] === name) return true;
  const index = eq.args[1] as Read;
  return getValue(system, index.v).step !== undefined && index.idx.some((p) => p.k === "var" && p.v === name);
}

export const maskPadding: Pass = {
  name: "mask-padding",
  doc: "Select 0 on the padding of ragged axes where a sum or an adjoint would otherwise notice it.",
  run(system, keep) {
    const before = new Set(system.values.keys());
    for (let rounds = 0; ; rounds++) {
      if (rounds > before.size) throw new Error("mask-padding: masks do not settle what needs them");
      const zeros = zeroOnPadding(system);
      const open = needs(system, zeros);
      const [first] = open;
      if (!first) return prune(system, before, keep);
      system = maskBest(system, zeros, open.length) ?? maskOne(system, zeros, first);
    }
  },
};

/** Removes masks that later ones have made superfluous. */
function prune(system: System, before: ReadonlySet<string>, keep: ReadonlySet<string>): System {
  const masks = [...system.values.values()].filter((v) => !before.has(v.id) && v.eq?.op === "mask");
  for (const mask of masks) {
    const source = mask.eq?.args[0] as Read;
    // a masked argument may have another order of slots and guards: only plain copies can be taken back
    if (source.when.length || source.idx.some((p) => p.k !== "var" || p.shift !== 0)) continue;
    const next = eliminate(
      mapReads(system, (r) => (r.v === mask.id ? { ...substRead(source, envOf(mask, r)), when: r.when } : r)),
      keep,
    );
    if (!needs(next, zeroOnPadding(next)).length) system = next;
  }
  return system;
}

/** A sum over padding that is not 0, or a read of argument `i` beyond the end of a sample, where it must be 0. */
type Need = { readonly reader: Value; readonly names: readonly string[] } & (
  | { readonly kind: "sum" }
  | { readonly kind: "beyond"; readonly i: number }
);

/** Reads beyond the end come first: sums often follow from them. */
function needs(system: System, zeros: Zeros): Need[] {
  const beyond: Need[] = [];
  const sums: Need[] = [];
  for (const reader of system.values.values()) {
    const { eq } = reader;
    if (eq?.red?.kind === "sum") {
      // a sum over the samples at one index of a ragged axis: some of them may have ended
      const ended = eq.red.vars.some((s) => s.axis === BATCH.axis) ? reader.slots : [];
      const bound = new Set([...ended, ...eq.red.vars]);
      const names = padded(system, [...reader.slots, ...eq.red.vars])
        .filter((s) => bound.has(s) && !equationIsZero(system, zeros, reader, s.name))
        .map((s) => s.name);
      if (names.length) sums.push({ kind: "sum", reader, names });
    }
    for (const [i, r] of (eq?.args ?? []).entries()) {
      const u = getValue(system, r.v);
      if (u.outside !== "zero") continue;
      const scope = scopeOf(reader, eq as Eq);
      const names = u.slots.flatMap((s, k) => {
        const p = r.idx[k];
        const outer = within(u.slots, r.idx, k).within ?? [];
        const leaves =
          p?.k === "var"
            ? p.shift > 0 || !isAround(scope, p.v, outer)
            : p?.k === "start" && p.off >= axisOf(system, s.axis).min;
        return leaves && paddedSlots(system, u).includes(s) && !zeros.get(u.id)?.has(s.name) ? [s.name] : [];
      });
      if (names.length) beyond.push({ kind: "beyond", reader, i, names });
    }
  }
  return [...beyond, ...sums];
}

/** Arguments of which 0 makes something that is not finite: `log(0)`, and the 1/0 of its derivative. */
const SINGULAR: Readonly<Record<string, number>> = { log: 0, sqrt: 0, pow: 0, div: 1, solve: 0, logdet: 0 };
const singular = new WeakMap<System, ReadonlySet<string>>();

/** All that an argument which must not become 0 is computed from: padding has to stay finite, 0 · ∞ is not 0. */
function mustStay(system: System): ReadonlySet<string> {
  const known = singular.get(system);
  if (known) return known;
  const arguments_ = [...system.values.values()].flatMap((v) => {
    const r = v.eq?.args[SINGULAR[v.eq.op] ?? -1];
    return r ? touches(system, r).map((t) => t.v) : [];
  });
  const all = reach(arguments_, (id) => dependencies(system, id));
  singular.set(system, all);
  return all;
}

/** The slots on whose padding `x` is not known to be 0, if it is a value that can be masked outside loops. */
function maskable(system: System, zeros: Zeros, depth: Depths, x: Value): string[] {
  if (x.dtype !== "float" || x.clauses.length || depth.of(x.id) || mustStay(system).has(x.id)) return [];
  return paddedSlots(system, x)
    .filter((s) => !zeros.get(x.id)?.has(s.name))
    .map((s) => s.name);
}

/** Masks the value outside all loops that settles the most needs for its size; null if none settles any. */
function maskBest(system: System, zeros: Zeros, count: number): System | null {
  const depth = depths(system);
  let best: { readonly x: Value; readonly names: readonly string[]; readonly cost: number } | null = null;
  for (const x of system.values.values()) {
    const names = maskable(system, zeros, depth, x);
    if (!names.length) continue;
    const settled = count - needs(system, zeroOnPadding(system, new Set([x.id]))).length;
    const cost = product(x.shape) / settled;
    if (settled > 0 && (!best || cost < best.cost)) best = { x, names, cost };
  }
  return best && maskValue(system, best.x, best.names);
}

function maskOne(system: System, zeros: Zeros, need: Need): System {
  if (need.kind === "sum") return maskArgument(system, need.reader, need.names);
  return (
    maskSources(system, zeros, need.reader, need.i, need.names) ?? maskRead(system, need.reader, need.i, need.names)
  );
}

/**
 * Inside a loop a mask costs at every step. So which values that enter the loop, if all of them were 0 on the padding,
 * would make what is read 0 there? Those are masked, before the loop. Null where that does not help.
 */
function maskSources(system: System, zeros: Zeros, reader: Value, i: number, names: readonly string[]): System | null {
  const u = getValue(system, (reader.eq as Eq).args[i]?.v as string);
  const depth = depths(system);
  const enters = new Set<string>();
  for (const v of system.values.values())
    if (depth.of(v.id))
      for (const r of v.eq?.args ?? [])
        if (maskable(system, zeros, depth, getValue(system, r.v)).length) enters.add(r.v);
  const helps = (assumed: ReadonlySet<string>): boolean => {
    const under = zeroOnPadding(system, assumed).get(u.id);
    return names.every((name) => under?.has(name));
  };
  if (!helps(enters)) return null;
  const bySize = [...enters].sort((a, b) => product(getValue(system, b).shape) - product(getValue(system, a).shape));
  const needed = new Set(bySize);
  for (const id of bySize) {
    needed.delete(id);
    if (!helps(needed)) needed.add(id);
  }
  for (const id of needed) {
    const x = getValue(system, id);
    system = maskValue(system, x, maskable(system, zeros, depth, x));
  }
  return system;
}

const scopeOf = (v: Value, eq: Eq): readonly Slot[] => [...v.slots, ...(eq.red?.vars ?? [])];

const size = (system: System, r: Read): number => product(getValue(system, r.v).shape);

/** Masks the smallest argument that has all the variables: one factor of a product is enough. */
function maskArgument(system: System, v: Value, names: readonly string[]): System {
  const eq = v.eq as Eq;
  const cost = (r: Read): number => {
    const vars = new Set(r.idx.map((p) => (p.k === "var" ? p.v : "")));
    return names.every((n) => vars.has(n)) ? size(system, r) : Number.POSITIVE_INFINITY;
  };
  const costs = eq.args.map(cost);
  const i = zeroRule(eq) === "any" ? costs.indexOf(Math.min(...costs)) : 0;
  const builder = new SystemBuilder(system);
  const scope = scopeOf(v, eq);
  const masked = builder.emit(E.mask(ofRead(eq.args[i] as Read), names), scope, `${v.id}.mask`);
  builder.values.set(v.id, { ...v, eq: { ...eq, args: eq.args.map((r, k) => (k === i ? masked : r)) } });
  return builder.finish();
}

/** All equations that read `u` read a copy that is 0 on the padding. */
function maskValue(system: System, u: Value, names: readonly string[]): System {
  const builder = new SystemBuilder(system);
  const id = maskedCopy(builder, u, names);
  for (const v of system.values.values()) {
    if (!v.eq?.args.some((r) => r.v === u.id)) continue;
    const args = v.eq.args.map((r) => (r.v === u.id ? { ...r, v: id } : r));
    builder.values.set(v.id, { ...v, eq: { ...v.eq, args } });
  }
  return builder.finish();
}

/** One read beyond the end reads a copy that is 0 there. */
function maskRead(system: System, reader: Value, i: number, names: readonly string[]): System {
  const eq = reader.eq as Eq;
  const builder = new SystemBuilder(system);
  const id = maskedCopy(builder, getValue(system, eq.args[i]?.v as string), names);
  const args = eq.args.map((a, k) => (k === i ? { ...a, v: id } : a));
  builder.values.set(reader.id, { ...reader, eq: { ...eq, args } });
  return builder.finish();
}

const maskedCopy = (builder: SystemBuilder, u: Value, names: readonly string[]): string =>
  builder.define(builder.freshId(`${u.id}.mask`), u.slots, E.mask(builder.ident(u.id), names), {
    outside: u.outside,
    named: false,
  });
