/**
 * Truncated BPTT over a stream of documents (R16): a token of the stream ends a document, and what comes after it starts as
 * the clauses `h[-1] = …` say. A read h[t-j] that would reach beyond such a token takes the clause instead.
 */
import { SystemBuilder } from "../system/builder.js";
import { E, type Expr, ofRead, op, read } from "../system/expr.js";
import { at, envOf, fromStart, identity, readVars, substRead } from "../system/positions.js";
import { BATCH, type Clause, type Eq, type Read, type Slot, type System, type Value } from "../system/types.js";
import { CarryError, namedOwner } from "./carry.js";

/** Which token ends a document: the input `field`[#, t] holds the tokens of the stream. */
export interface Reset {
  readonly field: string;
  readonly token: number;
}

/**
 * With `e[t]` = 1 where the token at t ends a document, a read h[t-j] becomes
 *
 *     if e[t-1] then h[-j] else if e[t-2] then h[1-j] … else if e[t-j] then h[-1] else h[t-j]
 *
 * where h[-i] is what the clause says. Runs before `carry`: the starts here stay those of the clauses, while h[t-j] may reach
 * into the window before. Throws `CarryError` where a step asks for all steps at once, in whichever documents they are.
 */
export function resetAt(system: System, axisId: string, reset: Reset): System {
  return new ResetPass(system, axisId, reset).run();
}

class ResetPass {
  readonly #builder: SystemBuilder;
  /** What a read became, by the read. */
  readonly #made = new Map<string, Read>();
  readonly #starts = new Map<string, string>();
  readonly #ends: string;
  /** The farthest that a read looks back. */
  #reach = 0;

  constructor(
    readonly system: System,
    readonly axisId: string,
    { field, token }: Reset,
  ) {
    this.#builder = new SystemBuilder(system);
    const { slots } = this.#builder.get(field);
    const isEnd = E.equal(this.#builder.ident(field), op("token", [], { value: token }));
    this.#ends = this.#builder.define(this.#builder.freshId(`${field}.ends`), slots, isEnd, { named: false });
  }

  run(): System {
    const builder = this.#builder;
    for (const v of this.system.values.values()) {
      const eq = v.eq && this.#equation(v, v.eq);
      const clauses = v.clauses.map((c) => {
        const scope = v.slots.filter((s) => !c.pins.some((p) => p.slot === s.name));
        return { ...c, read: this.#read(v, c.read, scope) };
      });
      builder.values.set(v.id, { ...builder.get(v.id), eq, clauses });
    }
    const slot = this.#slotOf(builder.get(this.#ends)) as Slot;
    for (let i = 1; i <= this.#reach; i++)
      builder.clause(this.#ends, [{ slot: slot.name, at: fromStart(-i) }], E.num(0));
    return builder.finish();
  }

  #error(v: Value, what: string): CarryError {
    const { id, origin } = namedOwner(this.system, v);
    return new CarryError(this.axisId, id, what, origin);
  }

  #slotOf(v: Value): Slot | undefined {
    return v.slots.find((s) => s.axis === this.axisId);
  }

  #equation(v: Value, eq: Eq): Eq {
    const isAlong = eq.along !== null && this.#slotOf(v)?.name === eq.along;
    if (isAlong || (this.#slotOf(v) && eq.red?.vars.some((s) => s.axis === this.axisId)))
      throw this.#error(v, `looks at all of ${this.axisId} at once`);
    const scope = [...v.slots, ...(eq.red?.vars ?? [])];
    return { ...eq, args: eq.args.map((r) => this.#read(v, r, scope)) };
  }

  /** The read `r` by `reader`, whose variables are `scope`. */
  #read(reader: Value, r: Read, scope: readonly Slot[]): Read {
    const owner = this.system.values.get(r.v) as Value;
    const k = owner.slots.findIndex((s) => s.axis === this.axisId);
    const p = r.idx[k];
    if (p?.k !== "var" || p.shift >= 0) return r;
    const vars = readVars(r);
    const key = JSON.stringify([r, scope.filter((s) => vars.has(s.name))]);
    const known = this.#made.get(key);
    if (known) return known;

    const lag = -p.shift;
    this.#reach = Math.max(this.#reach, lag);
    const ends = (i: number): Expr => E.fill(read(this.#ends, [at(BATCH.name), at(p.v, -i)], r.when), owner.shape);
    let value = ofRead(r);
    for (let i = lag; i >= 1; i--) value = E.where(ends(i), this.#start(reader, owner, r, lag - i + 1), value);
    const made = { ...this.#builder.emit(value, scope, `${owner.id}.reset`), when: r.when };
    this.#made.set(key, made);
    return made;
  }

  /** What the clause h[-i] says, at the other indices of `r`. */
  #start(reader: Value, owner: Value, r: Read, i: number): Expr {
    const slot = this.#slotOf(owner) as Slot;
    const id = `${owner.id}@${-i}.start`;
    const rest = owner.slots.filter((s) => s !== slot);
    if (!this.#starts.has(id)) {
      const here = owner.clauses.flatMap((c) => {
        const others = c.pins.filter((q) => q.slot !== slot.name);
        const isHere = c.pins.some((q) => q.slot === slot.name && q.at.k === "start" && q.at.off === -i);
        return isHere ? [{ pins: others, read: c.read }] : [];
      });
      const inside = here.find((c) => !c.pins.length);
      if (!inside) throw this.#error(reader, `reads \`${owner.id}\` where no clause says how it starts`);
      const corners: Clause[] = here.filter((c) => c.pins.length);
      const { dtype, shape } = owner;
      const eq: Eq = { op: "id", attrs: {}, args: [inside.read], along: null, red: null };
      const name = this.#builder.freshId(id);
      this.#starts.set(
        id,
        this.#builder.declare(name, rest, shape, "eq", { dtype, eq, clauses: corners, named: false }),
      );
    }
    const start = this.#builder.get(this.#starts.get(id) as string);
    return ofRead({ ...substRead(identity(start), envOf(owner, r)), when: r.when });
  }
}
