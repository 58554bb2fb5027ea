/** A plan made ready for one backend: numbered slots for handles, and steps that fill them. */
import type { DrawReply, DrawRequest } from "../decoder/types.js";
import type { HostInstr, Lengths } from "./host.js";
import type { Dtype, Values } from "./memory.js";

export interface Given<H> {
  readonly handle: H;
  readonly shape: readonly number[];
  readonly int: boolean;
  /** Is there a missing token, −1, among the numbers? */
  readonly missing: boolean;
}

/** What a plan expects to be given. */
export interface Wanted {
  readonly id: string;
  readonly shape: readonly number[];
  readonly int: boolean;
}

/** The handle of what a run is given. Throws where it is not what the plan expects. */
export function handleOf<H>({ id, shape, int }: Wanted, feed: RunFeed<H>): H {
  const tensor = feed.given(id);
  if (tensor.shape.join() === shape.join() && tensor.int === int) return tensor.handle;
  const say = (isInt: boolean, s: readonly number[]): string => `${isInt ? "integers" : "numbers"} [${s}]`;
  throw new Error(`${id} is given as ${say(tensor.int, tensor.shape)}, the plan expects ${say(int, shape)}`);
}

export interface RunFeed<H> {
  given(id: string): Given<H>;
  readonly lengths: Lengths;
  readonly draw?: (request: DrawRequest) => DrawReply;
}

export interface State<H> {
  readonly slots: (H | undefined)[];
  readonly feed: RunFeed<H>;
  stopped: boolean;
}

export interface Step<H> {
  run(state: State<H>): void;
  /** Slots that nothing reads after this step, views before what they view. */
  free: readonly number[];
  /** Kernel calls. */
  readonly kernels: number;
}

export interface Slot {
  /** Freed by the run; otherwise it is the caller's, a constant, or made from the lengths. */
  readonly owned: boolean;
  /** The slot that this one is a view of. Its number is lower. */
  readonly of: number | null;
  readonly dtype: Dtype;
}

/** The body of a loop, made ready. */
export interface Nested<H> {
  readonly kernels: number;
  /** Its results by id; what it is given stays the caller's. */
  execute(feed: RunFeed<H>): ReadonlyMap<string, { readonly handle: H }>;
  dispose(): void;
}

/** What is made on the host. */
export interface HostSlot {
  readonly slot: number;
  readonly instr: HostInstr;
}

export interface CodeResult {
  readonly id: string;
  /** null: `constant`. */
  readonly slot: number | null;
  readonly constant: Values | null;
  readonly shape: readonly number[];
  readonly int: boolean;
}

export interface Code<H> {
  readonly slots: readonly Slot[];
  readonly steps: readonly Step<H>[];
  /** Handles that last as long as the code, and the slots that they stand in. */
  readonly constants: readonly H[];
  readonly fixed: readonly (readonly [number, H])[];
  readonly host: readonly HostSlot[];
  readonly nested: readonly Nested<H>[];
  readonly results: readonly CodeResult[];
  /** Ids of the integers that are given. */
  readonly tokens: readonly string[];
}

/** A slot and what it is a view of, and so on. */
export function* chain(slots: readonly Slot[], slot: number): Generator<number> {
  for (let s: number | null = slot; s !== null; s = slots[s]?.of ?? null) yield s;
}
