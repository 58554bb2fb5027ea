/**
 * Reads: a value at one place per slot, in the layout of a frame ([dims…, batch, features…], 1 where it does not depend on
 * a dim). Ranges that leave the domain are cut at its ends; boundary clauses that depend on the lengths are selected.
 */
import { outerNames } from "../system/positions.js";
import { type Clause, getValue, type Read, type Slot, type System, type Value } from "../system/types.js";
import { stridesOf } from "./known.js";
import { hostDimsOf, select } from "./masks.js";
import {
  BATCH_PLACE,
  both,
  diagonal,
  dimOf,
  type Extents,
  type Frame,
  isStep,
  overLoop,
  type Place,
  placesOf,
  restrict,
  shiftPlace,
  stepAt,
  type Truth,
} from "./places.js";
import type { Flat } from "./tensors.js";
import { isConst, type Ref, type Side, size } from "./types.js";
import { concatAlong, type Indices, isBatch, type Values, type Zeros } from "./values.js";

export class Reads {
  /** Is what is read now under guards? They hide what comes later. */
  #isGuarded = false;

  constructor(
    readonly flat: Flat,
    readonly system: System,
    readonly extents: Extents,
    readonly values: Values,
    readonly zeros: Zeros,
  ) {}

  /** A read by an equation of the frame. */
  read(r: Read, frame: Frame): Ref {
    if (frame.dims.some((d) => d.len === 0)) return this.#zero(getValue(this.system, r.v));
    return this.readAt(r, placesOf(frame), frame);
  }

  /** A read whose variables are at other places than those of the frame. */
  readAt(r: Read, place: (v: string) => Place, frame: Frame): Ref {
    const v = getValue(this.system, r.v);
    const { chunk } = frame;
    if (chunk && !chunk.body.computes(r, place, chunk.dim.v))
      return chunk.body.enter(chunk.body.reads.readAt(r, place, overLoop(frame)), chunk.step);
    const when = r.when.map((c) => this.extents.cond(c, place, frame)).reduce(both, true);
    if (when === false) return this.#zero(v);
    const places: Place[] = [];
    for (const [i, p] of r.idx.entries()) {
      const { axis } = v.slots[i] as Slot;
      // those around a slot stand before it
      places.push(axis === "#" ? BATCH_PLACE : this.extents.locate(p, axis, place, outerPlaces(v, places, i)));
    }
    const before = this.#isGuarded;
    this.#isGuarded ||= when !== true;
    const x = this.#fetch(v, places, frame);
    this.#isGuarded = before;
    return select(this.flat, when, x, this.#zero(v), frame, v.shape.length);
  }

  #zero = (v: Value): Ref => this.flat.constant(0, v.dtype === "int");

  #fetch(v: Value, places: readonly Place[], frame: Frame): Ref {
    if (places.some((p) => p.k === "span" && p.v !== "#")) {
      const repeated = diagonal(places);
      if (repeated !== null) return this.#diagonal(v, places, repeated, frame);
      const cut = this.#cut(v, places, frame);
      if (cut) return cut;
    }
    const rank = v.shape.length;
    let result = this.#inside(v, places, frame);
    for (const c of v.clauses) {
      const hit = this.#hits(v, c, places, frame);
      if (hit === false) continue;
      const inner = (name: string): Place => places[v.slots.findIndex((s) => s.name === name)] as Place;
      const value = this.readAt(c.read, inner, frame);
      result = result === null ? value : select(this.flat, hit, value, result, frame, rank);
    }
    // outside without a clause: an adjoint, which is zero there, or a read that its guard hides
    return result ?? this.#zero(v);
  }

  /** The part of a read that lies in the domain; null if there is none. */
  #inside(v: Value, places: readonly Place[], frame: Frame): Ref | null {
    let truth: Truth = true;
    for (const [i, s] of v.slots.entries()) {
      if (isBatch(s)) continue;
      const p = places[i] as Place;
      if (this.#isExtended(v, places, i, frame)) continue;
      const inside = this.extents.inRange(p, s.axis, outerPlaces(v, places, i), frame, false);
      if (inside === false) return null;
      // where it is 0 on its padding, reading the padding is reading outside
      const known = p.k !== "end" && this.zeros(v.id, s.name);
      if (v.outside === "zero" && !known) truth = both(truth, inside);
    }
    return select(this.flat, truth, this.#raw(v, places, frame), this.#zero(v), frame, v.shape.length);
  }

  #hits(v: Value, c: Clause, places: readonly Place[], frame: Frame): Truth {
    let truth: Truth = true;
    for (const [i, s] of v.slots.entries()) {
      if (isBatch(s)) continue;
      const p = places[i] as Place;
      const pin = c.pins.find((q) => q.slot === s.name);
      const outer = outerPlaces(v, places, i);
      if (!pin) truth = both(truth, this.extents.inRange(p, s.axis, outer, frame, false));
      else if (this.#isExtended(v, places, i, frame)) return false;
      else {
        const at = this.extents.locate(pin.at, s.axis, placesOf(frame), outer);
        truth = both(truth, this.extents.equal(p, at, s.axis, frame, false));
      }
      if (truth === false) return false;
    }
    return truth;
  }

  /** Splits a dim where a range leaves the domain or meets a pinned index, and puts the parts together again. */
  #cut(v: Value, places: readonly Place[], frame: Frame): Ref | null {
    for (const [i, s] of v.slots.entries()) {
      const p = places[i] as Place;
      if (isBatch(s) || p.k !== "span" || isStep(p, frame) || this.#isExtended(v, places, i, frame)) continue;
      const { from, len } = dimOf(frame, p.v);
      const first = from + p.shift;
      const n = this.extents.of(s.axis);
      if (first >= 0 && first + len <= n && !v.clauses.some((c) => c.pins.some((q) => q.slot === s.name))) continue;
      const pinned = new Set(
        v.clauses.flatMap((c) =>
          c.pins.flatMap((q) => {
            if (q.slot !== s.name || q.at.k === "var") return [];
            if (q.at.k === "start") return [q.at.off];
            return this.extents.isRagged(s.axis) ? [] : [n + q.at.off];
          }),
        ),
      );
      const endPins = v.clauses.some((c) => c.pins.some((q) => q.slot === s.name && q.at.k === "end"));
      // what the indices are one by one: runs of one kind stay together
      const kind = (k: number): string => {
        if (pinned.has(k)) return `pin ${k}`;
        if (k < 0) return "before";
        return k < n ? "in" : this.extents.isRagged(s.axis) && endPins ? `after ${k}` : "after";
      };
      const runs: { from: number; len: number; kind: string }[] = [];
      for (let k = first; k < first + len; k++) {
        const last = runs[runs.length - 1];
        if (last?.kind === kind(k)) last.len++;
        else runs.push({ from: k, len: 1, kind: kind(k) });
      }
      if (runs.length < 2) continue;
      const dim = frame.dims.findIndex((d) => d.v === p.v);
      const parts = runs.map((r) => {
        const inner = restrict(frame, p.v, r.from - p.shift, r.len);
        const moved = places.map((q) =>
          q.k === "span" && q.v === p.v ? shiftPlace(placesOf(inner)(q.v), q.shift) : q,
        );
        return { ref: this.#fetch(v, moved, inner), len: r.len };
      });
      return concatAlong(this.flat, parts, dim, frame.dims.length + 1 + v.shape.length);
    }
    return null;
  }

  /** A range that begins before the start and can be a view of the stack that begins there too. */
  #isExtended(v: Value, places: readonly Place[], i: number, frame: Frame): boolean {
    const p = places[i] as Place;
    // the stack holds what the equation gives: where a clause takes its place inside, it is no view
    if (p.k !== "span" || isBatch(v.slots[i] as Slot) || v.clauses.some(isInside)) return false;
    const { from, len } = dimOf(frame, p.v);
    const extent = this.extents.of((v.slots[i] as Slot).axis);
    const first = from + p.shift;
    if (isStep(p, frame)) return first < 0 && frame.chunk?.body.extends(v, i) === true;
    if (first >= 0 || first < -this.values.parts.forms.before(v.id, i) || first + len > extent) return false;
    const at = v.slots.map(() => null);
    return (
      this.values.extends(v, at, i) &&
      v.slots.every((s, k) => {
        const q = places[k] as Place;
        return (
          k === i ||
          isBatch(s) ||
          (q.k === "span" && q.shift === 0 && dimOf(frame, q.v).len === this.extents.of(s.axis))
        );
      })
    );
  }

  /** The tensor itself: indices taken, ranges sliced, ends gathered, then laid out as the frame wants it. */
  #raw(v: Value, places: readonly Place[], frame: Frame): Ref {
    const at: Indices = places.map((p) => (p.k === "at" ? p.n : stepAt(p, frame)));
    const spans = v.slots.flatMap((s, i) => (isBatch(s) || at[i] !== null ? [] : [i]));
    let x: Ref;
    const range = (i: number): [number, number] => {
      const p = places[i] as Extract<Place, { k: "span" }>;
      const { from, len } = dimOf(frame, p.v);
      return [from + p.shift, len];
    };
    // of several slots that are computed step by step, the one whose stack begins before the start
    const stepped = v.eq
      ? spans.filter((i) => this.values.parts.forms.steps(v.id).has(i) && places[i]?.k === "span")
      : [];
    const step = stepped.find((i) => range(i)[0] < 0) ?? stepped[0];
    if (step !== undefined) x = this.values.window(v, at, step, ...range(step));
    else x = this.#isGuarded && this.values.isLater(v, at) ? this.#zero(v) : this.values.get(v, at);
    spans.forEach((i, d) => {
      if (i !== step && places[i]?.k === "span" && !isConst(x) && x.shape[d] !== 1)
        x = this.flat.slice(x, d, ...range(i));
    });
    // ends, last dim first, so that the dims before stay where they are
    const open = [...spans];
    for (const i of [...spans].reverse()) {
      const p = places[i] as Place;
      if (p.k !== "end") continue;
      const side = this.extents.sideOf(p, (v.slots[i] as Slot).axis);
      x = this.#atEnd(
        x,
        open.indexOf(i),
        side,
        open.map((k) => places[k] as Place),
        frame,
        v.shape.length,
      );
      open.splice(open.indexOf(i), 1);
    }
    if (isConst(x)) return x;
    const vars = open.map((i) => (places[i] as Extract<Place, { k: "span" }>).v);
    const order = frame.dims.flatMap((d) => (vars.includes(d.v) ? [vars.indexOf(d.v)] : []));
    const rest = Array.from({ length: x.shape.length - vars.length }, (_, k) => vars.length + k);
    const moved = this.flat.transpose(x, [...order, ...rest]);
    const { shape } = x;
    const lead = frame.dims.map((d) => (vars.includes(d.v) ? (shape[vars.indexOf(d.v)] as number) : 1));
    return this.flat.reshape(moved, [...lead, ...shape.slice(vars.length)]);
  }

  /**
   * Index `length + off` of a dim, each sample at its own length. Where that is before the start, any index: a guard hides
   * it. `places`: what the dims stand for.
   */
  #atEnd(x: Ref, dim: number, side: Side, places: readonly Place[], frame: Frame, rank: number): Ref {
    if (isConst(x)) return x;
    const { flat } = this;
    const last = x.shape.length - rank - 1;
    const features = x.shape.slice(last + 1);
    const len = x.shape[dim] as number;
    if (len === 1) return flat.reshape(x, [...x.shape.slice(0, dim), ...x.shape.slice(dim + 1)]);
    const strides = stridesOf(x.shape.slice(0, last + 1));
    const { dims, hostDims, rename } = hostDimsOf([side], frame);
    const others = places.flatMap((p, k) => {
      if (k === dim) return [];
      const n = x.shape[k] as number;
      const host = p.k === "span" ? hostDims[dims.findIndex((d) => d.v === p.v)] : undefined;
      return [{ dim: host ?? { v: `d${k}`, from: 0, len: n }, stride: n === 1 ? 0 : (strides[k] as number) }];
    });
    const shape = [...others.map((o) => o.dim.len), frame.batch];
    const attrs = {
      side: rename(side),
      len,
      stride: strides[dim] as number,
      dims: others.map((o) => o.dim),
      strides: [...others.map((o) => o.stride), x.shape[last] === 1 ? 0 : 1],
      batch: frame.batch,
    };
    const index = flat.one("endRows", [], attrs, [size(shape)], true);
    const table = flat.reshape(x, [size(x.shape.slice(0, last + 1)), size(features)]);
    const found = flat.one("gather", [table, index], {}, [size(shape), size(features)], x.int);
    return flat.reshape(found, [...shape, ...features]);
  }

  /** x[t, t]: the entries of one range where another has the same index, selected and summed. */
  #diagonal(v: Value, places: readonly Place[], twice: number, frame: Frame): Ref {
    const p = places[twice] as Extract<Place, { k: "span" }>;
    const { axis } = v.slots[twice] as Slot;
    const { from, len } = dimOf(frame, p.v);
    const name = `${p.v}'`;
    const outer = frame.outer.get(p.v);
    const wide: Frame = {
      ...frame,
      dims: [...frame.dims, { v: name, axis, from, len }],
      outer: outer ? new Map([...frame.outer, [name, outer]]) : frame.outer,
    };
    const apart = places.map((q, i): Place => (i === twice ? { ...p, v: name } : q));
    const x = this.#fetch(v, apart, wide);
    const same: Truth = [{ rel: "eq", a: { v: p.v, end: null, off: 0 }, b: { v: name, end: null, off: 0 } }];
    const rank = v.shape.length;
    const chosen = select(this.flat, same, x, this.#zero(v), wide, rank);
    const d = frame.dims.length;
    const full = [...wide.dims.map((q) => q.len), frame.batch, ...v.shape];
    const summed = this.flat.sum(chosen, [d], full);
    const shape = this.flat.shapeOf(summed);
    return this.flat.reshape(summed, [...shape.slice(0, d), ...shape.slice(d + 1)]);
  }
}

/** Where a read looks along the axes around that of slot `i`, the nearest first. */
const outerPlaces = (v: Value, places: readonly Place[], i: number): Place[] =>
  outerNames(v.slots, v.slots[i] as Slot).map((name) => places[v.slots.findIndex((s) => s.name === name)] as Place);

const isInside = (c: Clause): boolean =>
  c.pins.every(({ at: p }) => (p.k === "start" && p.off >= 0) || (p.k === "end" && p.off < 0));
