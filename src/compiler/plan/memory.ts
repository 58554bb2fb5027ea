/** How much a plan holds at a time: what is given, constants, and all tensors from where they are made to where they are last read. */
import type { Plan } from "./plan.js";
import { type Instr, isConst, keyOf, type Ref, type Scan, size, type TensorRef } from "./types.js";

const BYTES = 4;
/** Handed over or made once: there for the whole run. */
const LASTING: ReadonlySet<string> = new Set(["given", "mask", "lengths", "iota", "endRows", "full", "literal"]);
/** Other names for the same numbers. */
const NAMES: ReadonlySet<string> = new Set(["reshape"]);

/** The most bytes at a time. Truth values count as numbers. */
export const peakBytes = (plan: Pick<Plan, "instrs" | "outputs">): number =>
  peak(
    plan.instrs,
    [...plan.outputs.values()].map((o) => o.ref),
  );

function peak(instrs: readonly Instr[], results: readonly Ref[], isBody = false): number {
  const defs = new Map(instrs.map((i) => [i.n, i]));
  const sourceOf = (r: TensorRef): TensorRef => {
    const def = defs.get(r.n) as Instr;
    const arg = def.args[0];
    return NAMES.has(def.op) && arg && !isConst(arg) ? sourceOf(arg) : r;
  };
  const last = new Map<string, { at: number; readonly bytes: number }>();
  const read = (r: Ref, at: number): void => {
    if (isConst(r)) return;
    const source = sourceOf(r);
    const op = (defs.get(source.n) as Instr).op;
    if (!LASTING.has(op)) last.set(keyOf(source), { at, bytes: BYTES * size(source.shape) });
  };
  for (const [at, i] of instrs.entries()) for (const a of i.args) read(a, at);
  for (const r of results) read(r, instrs.length);
  const ends = new Map<number, number>();
  for (const { at, bytes } of last.values()) ends.set(at, (ends.get(at) ?? 0) + bytes);

  // of a body, what it is given lies around it
  let held = instrs.reduce((n, i) => n + (LASTING.has(i.op) && !(isBody && i.op === "given") ? bytesOf(i) : 0), 0);
  let most = held;
  for (const [at, i] of instrs.entries()) {
    if (!LASTING.has(i.op) && !NAMES.has(i.op)) {
      held += i.shapes.reduce((n, s, out) => n + (last.has(`${i.n}.${out}`) ? BYTES * size(s) : 0), 0);
      most = Math.max(most, held + (i.scan ? insideOf(i, i.scan) : 0));
    }
    held -= ends.get(at) ?? 0;
  }
  return most;
}

const bytesOf = (i: Instr): number => i.shapes.reduce((n, s) => n + BYTES * size(s), 0);

/** What a loop holds besides its arguments and results: a block of each argument, what its body makes; the parts of a result. */
function insideOf(i: Instr, { body, next, stacked, blocks, count, finals }: Scan): number {
  const cut = i.args.slice(next.length, next.length + blocks);
  const block = cut.reduce((n, a) => n + (isConst(a) ? 0 : (BYTES * size(a.shape)) / count), 0);
  const carried = next.reduce((n, r) => n + BYTES * size(r.shape), 0);
  const joined = i.shapes.slice(finals.length).reduce((n, s) => Math.max(n, BYTES * size(s)), 0);
  return Math.max(joined, block + carried + peak(body, [...next, ...stacked], true));
}
