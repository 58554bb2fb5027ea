/** Which parts of equations are written where they are read, and which need a line of their own. */
import { opOf } from "../ops/index.js";
import { readVars } from "../system/positions.js";
import { axisOf, getValue, type Pos, type Read, type Slot, type System, type Value } from "../system/types.js";

/** May the part be written where `reader` reads it? The program printer says no across the border of a loop. */
export type Together = (reader: Value, part: Value) => boolean;

/**
 * A part is written in its reader where the user did not name it and nobody else reads it. A part that is zero outside
 * its domain and read beyond it stays by itself, unless what it reads is zero there too: `Whh' @ da[t+1]` may stand in
 * dh[t] because da[T] = 0, `dh[t+1] * (1 - h[t+1]^2)` may not, since there is no h[T].
 * Without `together` it is the mathematics that is printed and not what is computed: then short parts are repeated.
 */
export function inlined(system: System, together?: Together): ReadonlySet<string> {
  const asMathematics = together === undefined;
  const uses = usesOf(system);
  const chosen = new Set<string>();
  for (const value of system.values.values()) {
    const all = uses.get(value.id) ?? [];
    const fits = ({ reader, read }: Use) => (together?.(reader, value) ?? true) && keepsItsVariable(value, read);
    if (isPart(value) && all.length > 0 && all.every(fits)) chosen.add(value.id);
  }
  // Every part that is taken out can make others unfit, until what is left fits together.
  for (let isStable = false; !isStable; ) {
    const repeated = repetition(system, chosen, uses);
    const unfit = [...chosen].flatMap((id) => {
      const value = getValue(system, id);
      if (repeated.has(id) && !mayRepeat(value, asMathematics)) {
        // Where its reader will be taken out too, it may turn out to be written once.
        const all = uses.get(id) ?? [];
        const staysRepeated = all.length > 1 || all.some(({ reader }) => mayRepeat(reader, asMathematics));
        return staysRepeated ? [id] : [];
      }
      return (uses.get(id) ?? []).flatMap(({ read }) => offender(system, value, read, chosen) ?? []);
    });
    for (const id of unfit) chosen.delete(id);
    isStable = unfit.length === 0;
  }
  return chosen;
}

interface Use {
  readonly reader: Value;
  readonly read: Read;
}

function usesOf(system: System): ReadonlyMap<string, readonly Use[]> {
  const uses = new Map<string, Use[]>();
  for (const reader of system.values.values()) {
    for (const read of [...(reader.eq?.args ?? []), ...reader.clauses.map((clause) => clause.read)]) {
      const all = uses.get(read.v) ?? [];
      all.push({ reader, read });
      uses.set(read.v, all);
    }
  }
  return uses;
}

const isPart = ({ eq, named, clauses }: Value) => eq !== null && !named && clauses.length === 0 && eq.op !== "draw";

/** Cost nothing to compute: repeated wherever they are read. */
const trivial: ReadonlySet<string> = new Set(["const", "token", "index", "extent", "fill"]);
/** Contributions to adjoints such as `Whh' @ da[t]`, and copies. */
const short: ReadonlySet<string> = new Set(["id", "mv", "mvT", "scale", "affine"]);

function mayRepeat({ eq, outside }: Value, asMathematics: boolean): boolean {
  if (eq === null || eq.red !== null) return false;
  const isPlain = eq.args.every(({ when }) => when.length === 0);
  if (trivial.has(eq.op)) return true;
  return asMathematics && isPlain && (eq.op === "mask" || (outside === "zero" && short.has(eq.op)));
}

/** The chosen parts that would be written more than once, in however many steps. */
function repetition(
  system: System,
  chosen: ReadonlySet<string>,
  uses: ReadonlyMap<string, readonly Use[]>,
): ReadonlySet<string> {
  const queue = [...chosen].filter((id) => (uses.get(id)?.length ?? 0) > 1);
  const out = new Set<string>();
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (out.has(id)) continue;
    out.add(id);
    for (const { v } of getValue(system, id).eq?.args ?? []) if (chosen.has(v)) queue.push(v);
  }
  return out;
}

/** Softmax over s is written with its variable, so s must stay one. */
function keepsItsVariable({ eq, slots }: Value, read: Read): boolean {
  if (eq === null || eq.along === null) return true;
  const position = read.idx[slots.findIndex(({ name }) => name === eq.along)];
  return position?.k === "var" && position.shift === 0;
}

/** The part that stands in the way of writing `value` where `read` reads it: one that is not defined there. */
function offender(system: System, value: Value, read: Read, chosen: ReadonlySet<string>): string | undefined {
  if (value.outside === "error") return undefined;
  for (const [i, slot] of value.slots.entries()) {
    if (mayLeave(system, slot, read.idx[i])) {
      const found = undefinedOutside(system, value, slot.name, chosen);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function mayLeave(system: System, { axis }: Slot, pos: Pos | undefined): boolean {
  const { min } = axisOf(system, axis);
  switch (pos?.k) {
    case "var":
      return pos.shift !== 0;
    case "start":
      return pos.off < 0 || pos.off >= min;
    case "end":
      return pos.off >= 0 || -pos.off > min;
    case undefined:
      return false;
  }
}

/**
 * Is what the equation says defined and 0 wherever `variable` leaves the domain? Undefined if so, else the part that
 * is not: the innermost that a line of its own would help, so that what it is part of may still be written in place.
 */
function undefinedOutside(
  system: System,
  value: Value,
  variable: string,
  chosen: ReadonlySet<string>,
): string | undefined {
  const { id, eq } = value;
  if (eq === null || (eq.red !== null && eq.red.kind !== "sum")) return id;
  if (eq.op === "index" && eq.attrs["slot"] === variable) return id;
  const zero: boolean[] = [];
  for (const read of eq.args) {
    if (!readVars(read).has(variable)) {
      zero.push(false);
      continue;
    }
    const target = getValue(system, read.v);
    const at = read.idx.findIndex((pos) => pos.k === "var" && pos.v === variable);
    const position = read.idx[at];
    const slot = target.slots[at];
    if (slot === undefined || position?.k !== "var" || position.shift !== 0) return id;
    if (chosen.has(target.id)) {
      const inner = undefinedOutside(system, target, slot.name, chosen);
      // A line of its own helps only what is 0 outside by definition.
      if (inner !== undefined) return getValue(system, inner).outside === "zero" ? inner : id;
    } else if (target.outside !== "zero" || target.clauses.length > 0) {
      return id;
    }
    zero.push(true);
  }
  return isZero(value, zero) ? undefined : id;
}

function isZero({ eq }: Value, zero: readonly boolean[]): boolean {
  if (eq === null) return false;
  const { zero: rule } = opOf(eq.op);
  switch (typeof rule === "function" ? rule(eq.attrs) : rule) {
    case "any":
      return zero.some(Boolean);
    case "all":
      return zero.length > 0 && zero.every(Boolean);
    case "first":
      return zero[0] === true;
    case "never":
      return false;
  }
}
