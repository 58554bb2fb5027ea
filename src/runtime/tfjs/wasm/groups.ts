/** Elementwise instructions gathered into loops: those over one space that read each other's results at the same place. */
import type { LoopArg, LoopOp } from "./loops.js";
import type { Place } from "./places.js";

/** Limits of one loop: more operands and values than that gain nothing. */
const MOST_OPS = 96;
const MOST_INPUTS = 40;

export interface Member {
  readonly key: string;
  readonly n: number;
  readonly op: LoopOp;
}

export class Group {
  readonly members: Member[] = [];
  readonly ins: Place[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #inputs = new Map<string, number>();
  /** How often members read members. */
  readonly #reads = new Map<number, number>();
  /** Concatenations of results, by instruction: they come after the loop. */
  readonly after: number[] = [];

  constructor(readonly space: readonly number[]) {}

  get isFull(): boolean {
    return this.members.length >= MOST_OPS || this.ins.length >= MOST_INPUTS;
  }

  number(key: string): number | undefined {
    return this.#numbers.get(key);
  }

  /** How often members read a member. */
  reads(k: number): number {
    return this.#reads.get(k) ?? 0;
  }

  /** An operand: its strides are those of the dims of the space. */
  input(p: Place, id: string): LoopArg {
    let k = this.#inputs.get(id);
    if (k === undefined) {
      k = this.ins.push(p) - 1;
      this.#inputs.set(id, k);
    }
    return { kind: "in", k };
  }

  add(member: Member): void {
    for (const arg of member.op.args) if (arg.kind === "op") this.#reads.set(arg.k, (this.#reads.get(arg.k) ?? 0) + 1);
    this.#numbers.set(member.key, this.members.push(member) - 1);
  }
}
