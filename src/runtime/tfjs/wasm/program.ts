/** Runs a plan on tfjs's wasm backend: kernel by kernel at first, as code of its own once many runs are expected. */
import type { Plan } from "../../../compiler/plan/lower.js";
import { isConst, isIntResult, size } from "../../../compiler/plan/types.js";
import { handleOf, type Nested, type RunFeed } from "../code.js";
import { type Program, type Result, TensorProgram } from "../executable.js";
import type { DataId } from "../kernels/registry.js";
import { legalize } from "../legalize.js";
import { MadeTensors } from "../made.js";
import type { Dtype, KernelCall, Kernels, Memory, Run, Values } from "../memory.js";
import { bodyPlan, scanRun } from "../scan.js";
import { assemble, type Part } from "./assemble.js";
import type { Engine } from "./inside.js";
import type { Host } from "./nodes.js";
import type { Place } from "./places.js";
import { type Planned, planned } from "./planner.js";

/** Tensors by their addresses. */
export interface Addressed extends Memory<DataId> {
  address(handle: DataId): number;
  /** A tensor at an address: `free` leaves the memory alone. */
  at(address: number, shape: readonly number[], dtype: Dtype): DataId;
  alloc(shape: readonly number[], dtype: Dtype): DataId;
}

export class WasmProgram implements Program<DataId> {
  readonly isGraph = false;
  #current: TensorProgram<DataId> | StaticPlan;

  constructor(
    readonly plan: Plan,
    readonly memory: Addressed,
    readonly engine: Engine,
  ) {
    this.#current = new TensorProgram(plan, memory);
  }

  get kernels(): number {
    return this.#current.kernels;
  }

  optimise(): void {
    // a draw may stop a run
    if (this.plan.drawn.length || this.#current instanceof StaticPlan) return;
    const made = new StaticPlan(this.plan, this.memory, this.engine);
    this.#current.dispose();
    this.#current = made;
  }

  run(feed: RunFeed<DataId>): Map<string, Result<DataId>> | null {
    return this.#current.run(feed);
  }

  dispose(): void {
    this.#current.dispose();
  }
}

/** A plan as code, with all its memory laid out. */
class StaticPlan implements Nested<DataId> {
  readonly #planned: Planned<DataId>;
  readonly #parts: readonly Part<DataId>[];
  readonly #functions: Readonly<Record<string, (arena: number) => void>>;
  /** The plan's constants, and behind them the addresses of the slots. */
  readonly #own: number;
  readonly #slots: number;
  readonly #made: MadeTensors<DataId>;
  readonly #nested: { readonly body: StaticPlan; readonly count: number }[] = [];
  readonly #handles: DataId[] = [];

  constructor(
    plan: Plan,
    readonly memory: Addressed,
    readonly engine: Engine,
    readonly level = 0,
  ) {
    const legal = legalize(plan, { transposeOperands: false, split: false });
    this.#planned = planned(legal, (instr, wanted) => this.#hostRun(instr, wanted));
    const { nodes, given, host, results, constants } = this.#planned;
    const { heap } = engine;
    engine.arena(level).enter();
    this.#own = heap.malloc(constants.length + 4 * (given.length + host.length + results.length) + 16);
    if (!this.#own) throw new Error("the wasm backend has no memory left");
    this.#slots = this.#own + constants.length;
    new Uint8Array(heap.memory.buffer).set(constants, this.#own);
    const { bytes, parts } = assemble(nodes, { constants: this.#own, slots: this.#slots });
    this.#parts = parts;
    this.#functions = engine.instantiate(bytes);
    // truth values are numbers here
    const write = (values: Values, shape: readonly number[]): DataId =>
      memory.write(values instanceof Uint8Array ? Float32Array.from(values) : values, shape);
    this.#made = new MadeTensors(host, { ...memory, write });
  }

  get kernels(): number {
    return this.#nested.reduce((n, { body, count }) => n + count * body.kernels, this.#planned.nodes.length);
  }

  execute(feed: RunFeed<DataId>): Map<string, Result<DataId>> {
    return this.run(feed);
  }

  run(feed: RunFeed<DataId>): Map<string, Result<DataId>> {
    const { memory, engine } = this;
    const { given, results, arena: bytes } = this.#planned;
    const handles = [...given.map((wanted) => handleOf(wanted, feed)), ...this.#made.for(feed.lengths)];
    const own = results.map(({ slot, shape, int, constant }) =>
      slot === null ? memory.write(constant as Values, shape) : memory.alloc(shape, int ? "int32" : "float32"),
    );
    try {
      const arena = engine.arena(this.level).need(bytes);
      const filled = [...handles, ...own.filter((_, k) => results[k]?.slot !== null)];
      new Uint32Array(engine.heap.memory.buffer, this.#slots, filled.length).set(filled.map((h) => memory.address(h)));
      const host = this.#host(arena);
      for (const part of this.#parts) {
        if (typeof part === "string") (this.#functions[part] as (arena: number) => void)(arena);
        else part.run(host);
      }
    } catch (error) {
      for (const handle of own) memory.free(handle);
      throw error;
    }
    return new Map(results.map(({ id, shape, int }, k) => [id, { handle: own[k] as DataId, shape, int }]));
  }

  dispose(): void {
    this.#made.dispose();
    for (const handle of this.#handles) this.memory.free(handle);
    for (const { body } of this.#nested) body.dispose();
    this.engine.heap.free(this.#own);
    this.engine.arena(this.level).leave();
  }

  #host(arena: number): Host<DataId> {
    const { memory, engine } = this;
    const address = ({ root, offset }: Place): number => {
      if (root.kind === "arena") return arena + 4 * (root.at + offset);
      if (root.kind === "constant") return this.#own + 4 * (root.at + offset);
      const start = new Uint32Array(engine.heap.memory.buffer, this.#slots + 4 * root.at, 1)[0] as number;
      return start + 4 * offset;
    };
    return {
      handle: (p, int) => memory.at(address(p), p.shape, int ? "int32" : "float32"),
      take: (handle, p) => {
        const from = memory.address(handle);
        new Uint8Array(engine.heap.memory.buffer).copyWithin(address(p), from, from + 4 * size(p.shape));
        memory.free(handle);
      },
      drop: (handle) => memory.free(handle),
    };
  }

  /** What has no code of its own runs as the backend's kernel. */
  #hostRun(instr: KernelCall<DataId>["instr"], wanted: readonly boolean[]): Run<DataId> {
    const { memory } = this;
    const call: KernelCall<DataId> = {
      instr,
      wanted,
      shapes: instr.args.map((a) => (isConst(a) ? [] : a.shape)),
      dtypes: instr.args.map((a) => (a.int ? "int32" : "float32")),
      dtype: isIntResult(instr, 0) ? "int32" : "float32",
      constant: (values, shape) => {
        const handle = memory.write(values, shape);
        this.#handles.push(handle);
        return handle;
      },
    };
    if (instr.scan) {
      const body = new StaticPlan(bodyPlan(instr.scan), memory, this.engine, this.level + 1);
      this.#nested.push({ body, count: instr.scan.count });
      return scanRun(instr.scan, call, memory, body);
    }
    return memory.kernels[instr.op as keyof Kernels<DataId>](call);
  }
}
