/**
 * Reverse-mode differentiation, System → System: adds the adjoint v̄ = ∂ℒ/∂v of every value between `loss` and `wrt`.
 *
 * Each equation sends one contribution to each value that it reads. Four things close the System under this (semantics.md):
 * - adjoints are zero outside their domain: this is the boundary δ[T] = 0 of BPTT
 * - a read at a constant index contributes under a guard: `h[T-1]` gives `[t = T-1]·g`
 * - a variable of the reader that the read lacks is summed over
 * - the sum is fused into multilinear ops: W̄ = sum[b, t] outer(z̄[t], h[t-1])
 *
 * A contribution is emitted at the reader's own index and shifted when it is read (`g[t+1]`), so residuals are never read
 * outside their domain; contributions with one shift are added before they are shifted, so each needs one carry.
 */
import { opOf } from "../ops/index.js";
import { SystemBuilder } from "../system/builder.js";
import { dependencies, reach, touches } from "../system/deps.js";
import { E, type Expr, ofRead, read, sumOver } from "../system/expr.js";
import {
  at,
  type Env,
  envOf,
  hasSlot,
  hits,
  identity,
  outerNames,
  posVar,
  readVars,
  samePos,
  substCond,
  substPos,
} from "../system/positions.js";
import { BATCH, type Cond, type Pos, type Read, type Slot, type System, type Value } from "../system/types.js";
import { ownResult, withoutClauses } from "./interior.js";

export interface Gradient {
  readonly system: System;
  /** Id of the adjoint of a value. */
  readonly adjoint: (id: string) => string;
}

export function grad(system: System, loss: string, wrt: readonly string[]): Gradient {
  const builder = new SystemBuilder(system);
  const ids = [...system.values.keys()];
  const reads = new Map(ids.map((id) => [id, dependencies(system, id)]));
  const readers = new Map<string, string[]>(ids.map((id) => [id, []]));
  for (const [id, deps] of reads) for (const d of deps) readers.get(d)?.push(id);
  const above = reach([loss], (id) => reads.get(id) ?? []);
  const below = reach(wrt, (id) => readers.get(id) ?? []);
  const active = new Set(ids.filter((id) => above.has(id) && below.has(id)));

  const names = new Map<string, string>();
  const contributions = new Map<string, Read[]>();
  for (const id of new Set([...active, ...wrt])) {
    const v = builder.get(id);
    const name = builder.freshId(adjointName(id));
    builder.declare(name, v.slots, v.shape, "eq", {
      outside: "zero",
      named: v.named,
      ...(v.labels ? { labels: v.labels } : {}),
      ...(v.origin ? { origin: v.origin } : {}),
    });
    names.set(id, name);
    contributions.set(id, []);
  }
  const adjoint = (id: string): string => {
    const name = names.get(id);
    if (name === undefined)
      throw new Error(`${id} has no adjoint: ${loss} does not depend on it through a differentiable path`);
    return name;
  };

  /** Sends `g`, an expression in the variables `scope`, to whatever `r` touches. */
  const push = (source: string, r: Read, g: Expr, scope: readonly Slot[]): void => {
    if (!touches(system, r).some((t) => active.has(t.v))) return;
    const name = `${adjointName(r.v)}<${source}`;
    const mentioned = readVars(r);
    // an end-relative position and an `in` guard speak about the sample
    if (r.idx.some((p) => p.k === "end") || r.when.length) mentioned.add(BATCH.name);
    const keep = scope.filter((s) => mentioned.has(s.name));
    const drop = scope.filter((s) => !mentioned.has(s.name));
    const given = asAdjoint(builder, g, keep, drop);
    const term = given ?? builder.emit(sumOver(drop, g), scope, name, keep);
    if (!given) builder.values.set(term.v, { ...builder.get(term.v), outside: "zero" });
    const vars = term.idx.map((p) => posVar(p) as string);

    const contribute = (id: string, idx: readonly Pos[], fixed: Env, conds: readonly Cond[]): void => {
      const x = builder.get(id);
      if (active.has(id)) toValue(id, x, idx, fixed, conds);
      const env = envOf(x, { v: id, idx, when: [] });
      for (const c of x.clauses) {
        const h = hits(x, idx, c);
        if (h)
          contribute(
            c.read.v,
            c.read.idx.map((p) => substPos(p, env)),
            { ...fixed, ...h.fixed },
            [...conds, ...h.conds, ...c.read.when.map((w) => substCond(w, env))],
          );
      }
    };

    const toValue = (id: string, x: Value, idx: readonly Pos[], fixed: Env, conds: readonly Cond[]): void => {
      const inverse: Record<string, Pos> = { ...fixed };
      const when: Cond[] = [];
      const fresh: Slot[] = [];
      x.slots.forEach((s, i) => {
        const q = idx[i] as Pos;
        if (q.k === "var" && !inverse[q.v]) inverse[q.v] = at(s.name, -q.shift);
        else {
          const outer = outerNames(x.slots, s).map((name) => at(name));
          const guard = { axis: s.axis, ...(outer.length ? { within: outer } : {}) };
          when.push({ rel: "eq", ...guard, a: at(s.name), b: q.k === "var" ? substPos(q, inverse) : q });
        }
      });
      for (const v of vars) {
        if (inverse[v]) continue;
        const slot = scope.find((s) => s.name === v) as Slot;
        const own: Slot = {
          name: hasSlot(x.slots, v) || (v !== BATCH.name && hasSlot(fresh, v)) ? `${v}'` : v,
          axis: slot.axis,
          ...(slot.of === undefined ? {} : { of: outerVariable(inverse[slot.of], slot) }),
        };
        fresh.push(own);
        inverse[v] = at(own.name);
      }
      for (const c of conds) when.push(substCond(c, inverse));
      if (when.some(impossible)) return;
      const positions = vars.map((v) => inverse[v] as Pos);
      const guards = when.filter((c) => !implied(c, positions, fresh));
      const contribution: Read = { v: term.v, idx: positions, when: guards };
      const all = contributions.get(id) as Read[];
      if (fresh.length) {
        all.push(builder.emit(sumOver(fresh, ofRead(contribution)), x.slots, `${name}.s`));
      } else all.push(contribution);
    };
    contribute(r.v, r.idx, {}, r.when);
  };

  for (const id of [...active].reverse()) {
    const v = builder.get(id);
    const { eq } = v;
    if (!eq) continue;
    const scope = [...v.slots, ...(eq.red?.vars ?? [])];
    const ct = withoutClauses(v, ofRead(identity(builder.get(adjoint(id)))));
    const out = ownResult(builder, v);
    const args = eq.args.map(ofRead);
    const shapes = eq.args.map((r) => builder.get(r.v).shape);
    // a segment reduction reads its argument at the summed variables only
    const chosen = eq.op === "only" && eq.red && eq.red.kind !== "sum" ? eq.attrs["slot"] : null;
    const inner = scope.filter((s) => s.name !== chosen);
    for (const [i, g] of vjp(v, { ct, out, args, shapes }).entries()) if (g) push(id, eq.args[i] as Read, g, inner);
  }

  for (const [id, name] of names) {
    const terms = addByShift(builder, name, contributions.get(id) as Read[]);
    const { shape } = builder.get(id);
    const seed = id === loss ? [E.num(1, shape)] : [];
    const all = [...seed, ...terms.map(ofRead)];
    builder.equate(name, all.length ? (all.length === 1 ? (all[0] as Expr) : E.add(...all)) : E.num(0, shape));
  }
  return { system: builder.finish(), adjoint };
}

/** Contributions that are read at one shift are added before they are shifted: one carry instead of several. */
function addByShift(builder: SystemBuilder, name: string, terms: readonly Read[]): Read[] {
  const slotsOf = (r: Read): readonly Slot[] => builder.get(r.v).slots;
  const groups = new Map<string, Read[]>();
  for (const r of terms) {
    const isShifted = r.when.length > 0 || r.idx.some((p) => p.k !== "var" || p.shift !== 0);
    const key = isShifted ? JSON.stringify([slotsOf(r), r.idx, r.when]) : `${r.v} ${groups.size}`;
    groups.set(key, [...(groups.get(key) ?? []), r]);
  }
  return [...groups.values()].map((group) => {
    const [first] = group as [Read];
    if (group.length === 1) return first;
    const slots = slotsOf(first);
    const sum = E.add(...group.map((r) => builder.ident(r.v)));
    const id = builder.define(builder.freshId(`${name}<`), slots, sum, { outside: "zero", named: false });
    return { ...first, v: id };
  });
}

const adjointName = (id: string): string => `d${id}`;

interface Context {
  readonly ct: Expr;
  readonly out: Expr;
  readonly args: readonly Expr[];
  readonly shapes: readonly (readonly number[])[];
}

/** One adjoint per argument of the equation of `v`, in the variables of the equation. */
function vjp(v: Value, { ct, out, args, shapes }: Context): readonly (Expr | null)[] {
  const eq = v.eq as NonNullable<Value["eq"]>;
  const [x, index] = args;
  if (eq.op === "only" && eq.red && eq.red.kind !== "sum") {
    // r[n] = lse of x[e] over the e with i[e] = n: x̄[e] = r̄[i[e]] exp(x[e] − r[i[e]]); a maximum: r̄ to all that reach it
    const slot = v.slots.find((s) => s.name === eq.attrs["slot"]) as Slot;
    const other = { ...slot, name: `${slot.name}'` };
    const ofSegment = (id: string): Expr => {
      const whole = v.slots.map((s) => at(s.name === slot.name ? other.name : s.name));
      return sumOver([other], E.only(read(id, whole), index as Expr, other.name));
    };
    const adjoint = ofSegment((ct as Extract<Expr, { e: "read" }>).read.v);
    const result = ofSegment(v.id);
    const share = eq.red.kind === "lse" ? E.exp(E.sub(x as Expr, result)) : E.equal(x as Expr, result);
    return [E.mul(adjoint, share), null];
  }
  if (eq.red?.kind === "argmax" || eq.red?.kind === "draw") return args.map(() => null); // an index, a draw
  if (eq.red?.kind === "lse") return [E.mul(ct, E.exp(E.sub(x as Expr, E.floored(out, v.shape))))]; // r̄ exp(e − r), 0 where r = −∞
  if (eq.red?.kind === "max") return [E.mul(ct, isFirstMaximum(eq.red.vars, x as Expr, out, shapes[0] as number[]))];
  if (eq.op === "softmaxAlong") {
    const slot = v.slots.find((s) => s.name === eq.along) as Slot;
    return [E.mul(out, E.sub(ct, sumOver([slot], E.mul(out, ct))))]; // p (p̄ − Σ p p̄)
  }
  const rule = opOf(eq.op).vjp;
  if ("open" in rule) throw new Error(`${v.id} cannot be differentiated: ${eq.op}: ${rule.open}`);
  if ("none" in rule) return args.map(() => null);
  return rule({ ct, out, args, attrs: eq.attrs, shapes, outShape: v.shape });
}

/** The variable that gives the outer index of a nested one, where it is known as a variable. */
function outerVariable(p: Pos | undefined, slot: Slot): string {
  if (p?.k === "var" && p.shift === 0) return p.v;
  throw new Error(`${slot.name} is summed over ${slot.axis} at an index of ${slot.of} that is no variable`);
}

/** 1 at the first maximum (R22). Over several variables, all maxima are first along the last one. */
function isFirstMaximum(vars: readonly Slot[], x: Expr, out: Expr, shape: readonly number[]): Expr {
  const last = vars[vars.length - 1] as Slot;
  const first: Expr = { e: "along", op: "firstMaxAlong", var: last.name, arg: x };
  return vars.length === 1 ? first : E.where(E.equal(x, out), first, E.num(0, shape));
}

/** `g` itself, if it is already an adjoint read at exactly the variables to keep: then no new equation is needed. */
function asAdjoint(builder: SystemBuilder, g: Expr, keep: readonly Slot[], drop: readonly Slot[]): Read | null {
  if (drop.length || g.e !== "read" || g.read.when.length) return null;
  const v = builder.get(g.read.v);
  const vars = g.read.idx.map((p) => (p.k === "var" && p.shift === 0 ? p.v : null));
  const same =
    vars.length === keep.length &&
    new Set(vars).size === keep.length &&
    vars.every((name) => name !== null && hasSlot(keep, name));
  return same && v.outside === "zero" && !v.clauses.length ? g.read : null;
}

/** Two different constants of one kind can never be equal, nor a variable a place outside its domain. */
function impossible(c: Cond): boolean {
  if (c.rel !== "eq") return false;
  if (c.a.k === "var") return c.b.k !== "var" && (c.b.k === "start") === c.b.off - c.a.shift < 0;
  return c.b.k === c.a.k && !samePos(c.a, c.b);
}

/** An `in` guard says nothing where its variable is in range anyway, or where the term is zero outside at least as far. */
function implied(c: Cond, positions: readonly Pos[], fresh: readonly Slot[]): boolean {
  if (c.rel === "eq") return samePos(c.a, c.b);
  if (c.rel !== "in") return false;
  if (c.a.k === "var" && c.a.shift === 0 && !hasSlot(fresh, c.a.v)) return true;
  return positions.some((p) => {
    if (c.a.k === "var")
      return p.k === "var" && p.v === c.a.v && p.shift * c.a.shift >= 0 && Math.abs(p.shift) >= Math.abs(c.a.shift);
    return p.k === c.a.k && p.off * c.a.off >= 0 && Math.abs(p.off) >= Math.abs(c.a.off);
  });
}
