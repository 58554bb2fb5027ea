/**
 * Decides, before anything is lowered, in which form each value is computed: over its whole axes, or one index at a time.
 * Members of loops are computed index by index. So are elementwise equations whose arguments and whose readers all live
 * in loops: as whole tensors they would cost a concatenation before and a split after. Where an index of them is so small
 * that the calls of kernels cost more than that, they are whole.
 */
import { loopsAround } from "../schedule/schedule.js";
import { slotIn } from "../schedule/slots.js";
import type { Loop, Program } from "../schedule/types.js";
import { dependencies } from "../system/deps.js";
import type { Read, Slot, System, Value } from "../system/types.js";

export interface Forms {
  /** Positions of the slots along which a value is computed one index at a time. */
  steps(id: string): ReadonlySet<number>;
  /** How far before the start a whole value is read along a slot (h[t-2] over all t: 2). */
  before(id: string, slot: number): number;
  /** Is the value computed in loops of the schedule? */
  inLoop(id: string): boolean;
  /** Does the value depend on a draw? */
  drawn(id: string): boolean;
}

const CHEAP = new Set(
  (
    "add mul affine div pow maximum minimum mod where less lessEqual equal tanh sigmoid relu softplus exp log sqrt abs sign " +
    "floor sin cos stop id mask slice pad concat reshape fill scale dot sumf centre inverseRms transpose"
  ).split(" "),
);

export interface FormOptions {
  readonly outputs: readonly string[];
  readonly drawn: ReadonlySet<string>;
  /**
   * Loops that become scans. What is computed step by step in one of them must be read at the same step: of other chunks
   * there are only members of the loop.
   */
  readonly scans: Iterable<Loop>;
  /** Is a value, at one index of a slot, so small that the calls of kernels are what costs? */
  readonly isSmall: (v: Value, slot: number) => boolean;
}

export function chooseForms(program: Program, { outputs, drawn, scans, isSmall }: FormOptions): Forms {
  const { system } = program;
  const steps = new Map<string, Set<number>>();
  const looped = loopsAround(program);
  for (const v of system.values.values()) {
    const own = (looped.get(v.id) ?? []).map((l) => v.slots.indexOf(slotIn(l.slots, v)));
    // every draw is a call of its own
    const isOwn = (s: Slot): boolean => s.axis !== "#" && s.name !== v.eq?.attrs["along"];
    const all = v.eq?.op === "draw" ? v.slots.flatMap((s, i) => (isOwn(s) ? [i] : [])) : [];
    steps.set(v.id, new Set([...own, ...all]));
  }
  const uses = usesOf(system);
  const chunked = new Set([...scans].map((l) => l.axis));
  const isFixed = (v: Value, name: string): boolean =>
    [...(steps.get(v.id) as Set<number>)].some((i) => v.slots[i]?.name === name);

  const candidates: [Value, number][] = [];
  // a member of an outer loop is computed there over the whole of the inner axes
  for (const v of system.values.values())
    if (
      v.eq &&
      CHEAP.has(v.eq.op) &&
      !v.eq.red &&
      !v.clauses.length &&
      !outputs.includes(v.id) &&
      !looped.get(v.id)?.length
    )
      v.slots.forEach((s, i) => {
        if (s.axis === "#" || steps.get(v.id)?.has(i) || isSmall(v, i)) return;
        candidates.push([v, i]);
        steps.get(v.id)?.add(i);
      });
  const fits = ([v, i]: [Value, number]): boolean => {
    const name = v.slots[i]?.name as string;
    const args = v.eq?.args.filter((r) => r.idx.some((p) => p.k === "var" && p.v === name)) ?? [];
    const fromSteps = args.every((r) => {
      const at = r.idx.findIndex((p) => p.k === "var" && p.v === name);
      return steps.get(r.v)?.has(at) === true;
    });
    const readers = uses.get(v.id) ?? [];
    const isChunked = chunked.has(v.slots[i]?.axis as string);
    return (
      args.length > 0 &&
      fromSteps &&
      readers.every(({ reader, read }) => {
        const p = read.idx[i];
        return reader !== null && p?.k === "var" && isFixed(reader, p.v) && !(isChunked && p.shift);
      })
    );
  };
  for (let rest = candidates; ; ) {
    const out = rest.filter((c) => !fits(c));
    if (!out.length) break;
    for (const [v, i] of out) steps.get(v.id)?.delete(i);
    rest = rest.filter((c) => !out.includes(c));
  }

  const before = new Map<string, number>();
  for (const [id, all] of uses)
    for (const { reader, read } of all)
      read.idx.forEach((p, i) => {
        if (reader === null || p.k !== "var" || p.shift >= 0 || isFixed(reader, p.v)) return;
        const key = `${id}|${i}`;
        before.set(key, Math.max(before.get(key) ?? 0, -p.shift));
      });

  const none: ReadonlySet<number> = new Set();
  return {
    steps: (id) => steps.get(id) ?? none,
    before: (id, slot) => before.get(`${id}|${slot}`) ?? 0,
    inLoop: (id) => (looped.get(id)?.length ?? 0) > 0,
    drawn: (id) => drawn.has(id),
  };
}

interface Use {
  /** null: a boundary clause. */
  readonly reader: Value | null;
  readonly read: Read;
}

function usesOf(system: System): Map<string, Use[]> {
  const uses = new Map<string, Use[]>();
  const add = (reader: Value | null, read: Read): void => {
    const list = uses.get(read.v);
    if (list) list.push({ reader, read });
    else uses.set(read.v, [{ reader, read }]);
  };
  for (const v of system.values.values()) {
    for (const r of v.eq?.args ?? []) add(v, r);
    for (const c of v.clauses) add(null, c.read);
  }
  return uses;
}

/** Everything that a draw can reach. */
export function drawnValues(system: System): Set<string> {
  const drawn = new Set([...system.values.values()].filter((v) => v.eq?.op === "draw").map((v) => v.id));
  if (!drawn.size) return drawn;
  const reads = [...system.values.values()].map((v) => [v.id, dependencies(system, v.id)] as const);
  for (let size = 0; size !== drawn.size; ) {
    size = drawn.size;
    for (const [id, deps] of reads) if (deps.some((d) => drawn.has(d))) drawn.add(id);
  }
  return drawn;
}
