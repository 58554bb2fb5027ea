/** What a target gets: instructions, what they need and what they give. */
import { pruned } from "./prune.js";
import type { Flat } from "./tensors.js";
import type { Instr, Ref } from "./types.js";

/** A result: laid out [axes…, batch where it has one, features…], outermost axis first. */
export interface Output {
  readonly ref: Ref;
  readonly shape: readonly number[];
  readonly int: boolean;
}

export interface Plan {
  readonly instrs: readonly Instr[];
  readonly outputs: ReadonlyMap<string, Output>;
  /** Ids of the values that must be given, each laid out like a result. */
  readonly given: readonly string[];
  /** Ids of the values that are drawn. */
  readonly drawn: readonly string[];
}

/** A plan of instructions made by hand: `outputs` are results by name, in their own shapes. */
export function planOf(flat: Flat, outputs: ReadonlyMap<string, Ref>): Plan {
  return finish(flat, new Map([...outputs].map(([id, ref]) => [id, { ref, shape: flat.shapeOf(ref), int: ref.int }])));
}

/** Keeps what the outputs need. */
export function finish(flat: Pick<Flat, "instrs">, outputs: ReadonlyMap<string, Output>): Plan {
  const { instrs, moved } = pruned(
    flat.instrs,
    [...outputs.values()].map((o) => o.ref),
  );
  const ids = (op: string, key: string): string[] => [
    ...new Set(instrs.filter((i) => i.op === op).map((i) => i.attrs[key] as string)),
  ];
  return {
    instrs,
    outputs: new Map([...outputs].map(([id, o]) => [id, { ...o, ref: moved(o.ref) }])),
    given: ids("given", "id"),
    drawn: ids("draw", "value"),
  };
}
