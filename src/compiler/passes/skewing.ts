/** The System in which a recurrence over two axes is laid out by diagonals: see `wavefront.ts`. */
import { SystemBuilder } from "../system/builder.js";
import { E, type Expr, ofRead, op, read, sumOver } from "../system/expr.js";
import { at, envOf, hits, readVars, substRead } from "../system/positions.js";
import {
  axisOf,
  BATCH,
  type Cond,
  type Eq,
  getValue,
  type Length,
  type Pos,
  product,
  type Read,
  type Slot,
  type System,
  type Value,
} from "../system/types.js";

/** Something in the equations has no place on a diagonal. */
class Unfit extends Error {}

/** The variables of one equation. */
interface Scope {
  readonly i: string;
  readonly j: string;
  readonly slots: readonly Slot[];
}

/**
 * `members`: the equations of the loops over the axes `i`, which becomes a dim, and `j`. `sign`: the diagonals are those of
 * i + j or of i − j. Null where the equations look along these axes in other ways than to neighbouring cells.
 */
export function skewed(
  system: System,
  members: readonly string[],
  i: string,
  j: string,
  sign: 1 | -1,
): { system: System; axis: string } | null {
  return new Skewing(system, members, i, j, sign).run();
}

class Skewing {
  readonly #builder: SystemBuilder;
  readonly #axis: string;
  readonly #w: string;
  readonly #skewed: ReadonlyMap<string, string>;
  readonly #made = new Map<string, Read>();

  constructor(
    readonly system: System,
    readonly members: readonly string[],
    readonly i: string,
    readonly j: string,
    readonly sign: 1 | -1,
  ) {
    this.#builder = new SystemBuilder(system);
    this.#axis = fresh([...system.axes.keys()], `${i}${sign > 0 ? "+" : "-"}${j}`);
    const names = [...system.values.values()].flatMap((v) => [...v.slots, ...(v.eq?.red?.vars ?? [])]);
    this.#w = fresh(
      names.map((s) => s.name),
      "w",
    );
    this.#skewed = new Map(members.map((id) => [id, this.#builder.freshId(`${id}.diagonal`)]));
  }

  run(): { system: System; axis: string } | null {
    const { axes } = this.system;
    const [I, J] = [axisOf(this.system, this.i), axisOf(this.system, this.j)];
    if ([I, J].some((a) => a.within !== undefined || a.family !== undefined)) return null;
    if ([...axes.values()].some((a) => a.within === I.id || a.within === J.id)) return null;
    try {
      this.#declare();
      for (const id of this.members) this.#equate(getValue(this.system, id));
    } catch (e) {
      if (e instanceof Unfit) return null;
      throw e;
    }
    return { system: this.#builder.finish(), axis: this.#axis };
  }

  #declare(): void {
    const [I, J] = [axisOf(this.system, this.i), axisOf(this.system, this.j)];
    const length: Length = { op: "-", a: { op: "+", a: { extent: I.id }, b: { extent: J.id } }, b: 1 };
    const diagonal = { i: I.id, j: J.id, sign: this.sign };
    if (I.size !== undefined && J.size !== undefined) {
      const size = Math.max(0, I.size + J.size - 1);
      this.#builder.axis(this.#axis, "static", { size, min: size, diagonal });
    } else this.#builder.axis(this.#axis, "ragged", { length, min: I.min && J.min ? I.min + J.min - 1 : 0, diagonal });
    for (const id of this.members) {
      const { slots, shape, dtype, named, labels, origin } = getValue(this.system, id);
      const { i } = this.#scope(getValue(this.system, id));
      const own = slots.filter((s) => s.axis !== this.j && s.name !== i);
      const batch = own.filter((s) => s.axis === BATCH.axis);
      const rest = own.filter((s) => s.axis !== BATCH.axis);
      const skewed = [...batch, { name: this.#w, axis: this.#axis }, { name: i, axis: this.i }, ...rest];
      this.#builder.declare(this.#skewed.get(id) as string, skewed, shape, "eq", {
        dtype,
        outside: "zero",
        named,
        ...(labels ? { labels } : {}),
        ...(origin ? { origin } : {}),
      });
    }
  }

  /** The variables of a cell. Exactly one over each axis, and nothing that looks along them. */
  #scope(v: Value): Scope {
    const over = (axis: string): Slot[] => [...v.slots, ...(v.eq?.red?.vars ?? [])].filter((s) => s.axis === axis);
    const [[i, ...moreI], [j, ...moreJ]] = [over(this.i), over(this.j)];
    if (!i || !j || moreI.length || moreJ.length) throw new Unfit();
    const { op: name, attrs, along, red } = v.eq as Eq;
    const looks = [along, attrs["slot"], ...((attrs["slots"] as readonly string[] | undefined) ?? [])];
    if (name === "draw" || looks.includes(i.name) || looks.includes(j.name)) throw new Unfit();
    if (red?.vars.some((s) => s.axis === BATCH.axis)) throw new Unfit();
    if (v.clauses.some((c) => c.pins.some((p) => p.slot !== i.name && p.slot !== j.name))) throw new Unfit();
    return { i: i.name, j: j.name, slots: [...v.slots, ...(red?.vars ?? [])] };
  }

  #equate(v: Value): void {
    const eq = v.eq as Eq;
    const scope = this.#scope(v);
    const id = this.#skewed.get(v.id) as string;
    const cell = this.#builder.get(id);
    const inner: Scope = { ...scope, slots: [...cell.slots, ...(eq.red?.vars ?? [])] };
    const args = eq.args.map((r, k) => this.#read(r, inner, `${id}.${k}`));
    this.#builder.values.set(id, { ...this.#builder.get(id), eq: { ...eq, args } });
    // cells for everybody else: h[i, j] = h.diagonal[w where w is that of the cell, i]
    const where = int(this.#diagonal(scope));
    const diagonal = { name: this.#w, axis: this.#axis };
    const cells = cell.slots.map((s) => at(s.name));
    this.#builder.values.set(v.id, { ...v, eq: null });
    this.#builder.equate(v.id, sumOver([diagonal], E.only(read(id, cells), where, this.#w)));
  }

  /** A read by a cell, in the variables of the diagonal. */
  #read(r: Read, scope: Scope, name: string): Read {
    const key = JSON.stringify([r, scope.i, scope.j]);
    const known = this.#made.get(key);
    if (known) return known;
    const made = this.#skewed.has(r.v) ? this.#fromCell(r, scope, name) : this.#fromOutside(r, scope, name);
    this.#made.set(key, made);
    return made;
  }

  /** h[i+a, j+b] lies a + b diagonals on, unless a clause says what it is. */
  #fromCell(r: Read, scope: Scope, name: string): Read {
    const u = getValue(this.system, r.v);
    if (r.when.length) throw new Unfit();
    const own = this.#scope(u);
    const shift = (slot: string, v: string): number => {
      const p = r.idx[u.slots.findIndex((s) => s.name === slot)];
      if (p?.k !== "var" || p.v !== v) throw new Unfit();
      return p.shift;
    };
    const [a, b] = [shift(own.i, scope.i), shift(own.j, scope.j)];
    const skewed = this.#builder.get(this.#skewed.get(u.id) as string);
    const idx = skewed.slots.map((s): Pos => {
      if (s.name === this.#w) return at(this.#w, a + this.sign * b);
      if (s.name === own.i) return at(scope.i, a);
      return r.idx[u.slots.findIndex((o) => o.name === s.name)] as Pos;
    });
    let result: Expr = read(skewed.id, idx);
    for (const clause of u.clauses) {
      const hit = hits(u, r.idx, clause);
      if (!hit) continue;
      // outside of the diagonal's own axes there are zeros
      const onOwn = clause.pins.some(
        (p) => p.slot === own.i && (p.at.k === "start" ? p.at.off < 0 : p.at.k === "end" && p.at.off >= 0),
      );
      if (onOwn && this.#isZero(clause.read)) continue;
      const conds: Cond[] = Object.entries(hit.fixed).map(([v, p]) => {
        const axis = v === scope.i ? this.i : v === scope.j ? this.j : null;
        if (axis === null) throw new Unfit();
        return { rel: "eq", axis, a: at(v), b: p };
      });
      const holds = [...conds, ...hit.conds].flatMap((c) => this.#truth(c, scope));
      const found = substRead(clause.read, envOf(u, r));
      const value = this.#read(this.#skewed.has(found.v) ? found : inside(this.system, found), scope, `${name}.clause`);
      result = E.where(E.fill(E.mul(...holds), u.shape), ofRead(value), result);
    }
    return this.#builder.emit(result, scope.slots, name);
  }

  #isZero(r: Read): boolean {
    const { eq } = getValue(this.system, r.v);
    return eq?.op === "const" && eq.attrs["value"] === 0;
  }

  /** What depends on j is taken at the j of the cell, or at the nearest that there is: itself, or what it is made from. */
  #fromOutside(r: Read, scope: Scope, name: string): Read {
    if (!readVars(r).has(scope.j)) return r;
    const made = this.#partsOf(r);
    if (made && this.#width(r, scope) < product(getValue(this.system, r.v).shape)) {
      const { eq } = getValue(this.system, r.v) as Value & { eq: Eq };
      const args = made.map((a, k) => ofRead(this.#read(a, scope, `${name}.${k}`)));
      return this.#builder.emit(op(eq.op, args, eq.attrs), scope.slots, name);
    }
    const taken = [...scope.slots.map((s) => s.name), scope.j];
    const own = { name: fresh(taken, `${scope.j}'`), axis: this.j };
    const moved = substRead(r, { [scope.j]: at(own.name) });
    const last = E.affine(1, -1, this.#extent(this.j));
    const nearest = op("minimum", [op("maximum", [this.#column(scope), E.num(0)]), last]);
    return this.#builder.emit(sumOver([own], E.only(ofRead(moved), int(nearest), own.name)), scope.slots, name);
  }

  /** The arguments of what is read, in the reader's variables, where it can be computed on the diagonal instead. */
  #partsOf(r: Read): readonly Read[] | null {
    const v = getValue(this.system, r.v);
    const { eq } = v;
    if (!eq || eq.red || eq.along !== null || eq.op === "draw" || "slot" in eq.attrs || "slots" in eq.attrs)
      return null;
    if (r.when.length || v.clauses.length || v.dtype !== "float") return null;
    if (eq.args.some((a) => this.#skewed.has(a.v)) || r.idx.some((p) => p.k !== "var" || p.shift !== 0)) return null;
    return eq.args.map((a) => substRead(a, envOf(v, r)));
  }

  /** The least numbers per cell that have to be moved for a read. */
  #width(r: Read, scope: Scope): number {
    if (!readVars(r).has(scope.j)) return 0;
    const parts = this.#partsOf(r);
    const own = product(getValue(this.system, r.v).shape);
    return parts
      ? Math.min(
          own,
          parts.reduce((sum, a) => sum + this.#width(a, scope), 0),
        )
      : own;
  }

  #extent(axis: string): Expr {
    const { size } = axisOf(this.system, axis);
    return size === undefined ? op("extent", [], { axis }) : E.num(size);
  }

  /** The diagonal of a cell (i, j). */
  #diagonal({ i, j }: Scope): Expr {
    if (this.sign > 0) return E.add(index(i), index(j));
    return E.add(E.sub(index(i), index(j)), E.affine(1, -1, this.#extent(this.j)));
  }

  /** j, from w and i. */
  #column({ i }: Scope): Expr {
    if (this.sign > 0) return E.sub(index(this.#w), index(i));
    return E.add(E.sub(index(i), index(this.#w)), E.affine(1, -1, this.#extent(this.j)));
  }

  /** A condition as factors that are 0 or 1. */
  #truth(c: Cond, scope: Scope): Expr[] {
    if (c.axis !== this.i && c.axis !== this.j) throw new Unfit();
    const number = (p: Pos): Expr => {
      if (p.k === "start") return E.num(p.off);
      if (p.k === "end") return E.affine(1, p.off, this.#extent(c.axis));
      if (p.v !== scope.i && p.v !== scope.j) throw new Unfit();
      return E.affine(1, p.shift, p.v === scope.i ? index(scope.i) : this.#column(scope));
    };
    if (c.rel === "eq") return [E.equal(number(c.a), number(c.b))];
    if (c.rel === "lt") return [E.less(number(c.a), number(c.b))];
    // a cell itself is inside: it can only leave to the side that it looks to
    const shift = c.a.k === "var" ? c.a.shift : null;
    return [
      ...(shift === null || shift < 0 ? [E.less(E.num(-1), number(c.a))] : []),
      ...(shift === null || shift > 0 ? [E.less(number(c.a), this.#extent(c.axis))] : []),
    ];
  }
}

const index = (slot: string): Expr => op("index", [], { slot });
const int = (x: Expr): Expr => op("toInt", [x]);

/** The value of a clause is computed for all cells of a diagonal: where it looks outside, it is 0. */
function inside(system: System, r: Read): Read {
  const v = getValue(system, r.v);
  const guards = v.slots.flatMap((s, k): Cond[] => {
    const p = r.idx[k];
    const isPinned = v.clauses.some((c) => c.pins.some((q) => q.slot === s.name));
    return p?.k === "var" && p.shift !== 0 && !isPinned ? [{ rel: "in", axis: s.axis, a: p }] : [];
  });
  return guards.length ? { ...r, when: [...r.when, ...guards] } : r;
}

const fresh = (taken: readonly string[], base: string): string => {
  let name = base;
  for (let n = 1; taken.includes(name); n++) name = `${base}${n}`;
  return name;
};
