/** A plan as one TensorFlow graph. */
import type { Plan } from "../../../compiler/plan/lower.js";
import type { Code, Given, Nested, RunFeed, Slot, State, Wanted } from "../code.js";
import { compile } from "../compile.js";
import type { Result } from "../executable.js";
import type { HostInstr } from "../host.js";
import type { Binding } from "../kernels/binding.js";
import type { Memory } from "../memory.js";
import { fusedOn } from "./fused.js";
import { loopsOn } from "./loop.js";
import { Recorder } from "./recorder.js";
import type { NodeDef } from "./saved-model.js";

export interface Graph {
  readonly nodes: readonly NodeDef[];
  /** What is fed: these values, then what these instructions make from the lengths. */
  readonly given: readonly Wanted[];
  readonly host: readonly HostInstr[];
  readonly results: readonly (Omit<Result<number>, "handle"> & { readonly id: string })[];
  /** The outputs of nodes that are fed and fetched, in the same orders: `n0:0,n1:0`. */
  readonly feeds: string;
  readonly fetches: string;
}

/** Runs code on a recorder; nothing is freed. */
function run(
  code: Code<number>,
  feed: RunFeed<number>,
  made: readonly { readonly slot: number; readonly handle: number }[],
  memory: Memory<number>,
): number[] {
  const slots = new Array<number | undefined>(code.slots.length);
  for (const [slot, handle] of code.fixed) slots[slot] = handle;
  for (const { slot, handle } of made) slots[slot] = handle;
  const state: State<number> = { slots, feed, stopped: false };
  for (const step of code.steps) step.run(state);
  return code.results.map(({ slot, constant, shape }) =>
    slot === null ? memory.write(constant as Float32Array, shape) : (slots[slot] as number),
  );
}

/** The body of a loop, for a recorder. */
function nested(body: Plan, memory: Memory<number>): Nested<number> {
  const code = compile(body, memory, (inner) => nested(inner, memory));
  return {
    kernels: code.steps.length,
    execute(feed) {
      const results = run(code, feed, [], memory);
      return new Map(code.results.map(({ id }, k) => [id, { handle: results[k] as number }]));
    },
    dispose: () => undefined,
  };
}

/**
 * Runs the kernels of a plan once on a recorder. `missing`: may tokens be −1?
 * @throws NotInGraph where something is computed on the host.
 */
export function record(
  plan: Plan,
  real: Binding,
  memoryOf: (binding: Binding) => Memory<number>,
  missing: boolean,
): Graph {
  const recorder = new Recorder(real);
  const plain = memoryOf(recorder.binding);
  const memory = { ...plain, loop: loopsOn(recorder), fused: fusedOn(recorder, plain.kernels.transpose) };
  memory.expectMissing?.(missing);
  const code = compile(plan, memory, (body) => nested(body, memory));
  const given = new Map<string, Given<number>>();
  for (const { op, attrs, shapes, int } of plan.instrs) {
    const id = attrs["id"] as string;
    const shape = shapes[0] as readonly number[];
    if (op !== "given" || given.has(id)) continue;
    given.set(id, { handle: recorder.placeholder(int ? "int32" : "float32", shape), shape, int, missing });
  }
  const made = code.host.map(({ slot, instr }) => ({
    slot,
    handle: recorder.placeholder((code.slots[slot] as Slot).dtype, instr.shapes[0] as readonly number[]),
  }));
  const feed = { lengths: {}, given: (id: string) => given.get(id) as Given<number> };
  const results = run(code, feed, made, memory);
  // a copy, since nothing can be fetched under the name by which it is fed
  const fetched = code.results.map(({ shape, int }, k) =>
    memory.copy(results[k] as number, shape, int ? "int32" : "float32"),
  );
  const names = (ids: readonly number[]): string => ids.map((id) => recorder.output(id)).join();
  return {
    nodes: recorder.nodes,
    given: [...given].map(([id, { shape, int }]) => ({ id, shape, int })),
    host: code.host.map((h) => h.instr),
    results: code.results.map(({ id, shape, int }) => ({ id, shape, int })),
    feeds: names([...[...given.values()].map((g) => g.handle), ...made.map((m) => m.handle)]),
    fetches: names(fetched),
  };
}
