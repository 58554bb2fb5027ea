/** Tensors that are made from the lengths of the samples, kept while these stay the same. */
import { axesOf, type HostInstr, type Lengths, makeHost } from "./host.js";
import type { Memory } from "./memory.js";

interface Kept<H> {
  readonly key: string;
  readonly handle: H;
}

export class MadeTensors<H> {
  readonly #kept: (Kept<H> | undefined)[] = [];

  constructor(
    readonly instrs: readonly HostInstr[],
    readonly memory: Memory<H>,
  ) {}

  /** One for each instruction. They stay this object's. */
  for(lengths: Lengths): H[] {
    const keys = new Map<string, string>();
    const keyOf = (axis: string): string => {
      const key = keys.get(axis) ?? `${lengths[axis]?.join()}`;
      keys.set(axis, key);
      return key;
    };
    return this.instrs.map((instr, k) => {
      const key = axesOf(instr).map(keyOf).join(";");
      const kept = this.#kept[k];
      if (kept?.key === key) return kept.handle;
      const handle = this.memory.write(makeHost(instr, lengths), instr.shapes[0] as readonly number[]);
      if (kept) this.memory.free(kept.handle);
      this.#kept[k] = { key, handle };
      return handle;
    });
  }

  dispose(): void {
    for (const kept of this.#kept) if (kept) this.memory.free(kept.handle);
    this.#kept.length = 0;
  }
}
