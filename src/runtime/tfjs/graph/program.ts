/** Runs a plan on TensorFlow: op by op at first, as one graph once many runs are expected. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worth } from "../../../compiler/plan/cuts.js";
import { fuse } from "../../../compiler/plan/fuse.js";
import type { Plan } from "../../../compiler/plan/lower.js";
import { inOwnShapes } from "../../../compiler/plan/own-shapes.js";
import { unpack } from "../../../compiler/plan/unpack.js";
import { handleOf, type RunFeed } from "../code.js";
import { type Program, type Result, TensorProgram } from "../executable.js";
import type { Binding } from "../kernels/binding.js";
import { MadeTensors } from "../made.js";
import type { Memory } from "../memory.js";
import { type Graph, record } from "./record.js";
import { NotInGraph } from "./recorder.js";
import { savedModel, TAG } from "./saved-model.js";

/** TensorFlow prepares a graph in a time that grows faster than its size: 1,300 nodes 0.5 s, 26,000 more than 12 s. */
const MOST_INSTRUCTIONS = 12000;

export class TensorflowProgram implements Program<number> {
  readonly #ops: TensorProgram<number>;
  /** Without and with tokens that are missing. */
  readonly #graphs: (LoadedGraph | undefined)[] = [];
  #isGraph = false;

  constructor(
    readonly plan: Plan,
    readonly memory: Memory<number>,
    readonly binding: Binding,
    readonly memoryOf: (binding: Binding) => Memory<number>,
  ) {
    this.#ops = new TensorProgram(plan, memory);
  }

  get kernels(): number {
    return this.#isGraph ? (this.#graphs.find((g) => g)?.graph.nodes.length ?? 0) : this.#ops.kernels;
  }

  get isGraph(): boolean {
    return this.#isGraph;
  }

  optimise(): void {
    if (this.#isGraph || this.plan.drawn.length || this.plan.instrs.length > MOST_INSTRUCTIONS) return;
    try {
      this.#graph(false);
      this.#isGraph = true;
    } catch (e) {
      // what the host computes stays op by op
      if (!(e instanceof NotInGraph)) throw e;
    }
  }

  run(feed: RunFeed<number>): Map<string, Result<number>> | null {
    if (!this.#isGraph) return this.#ops.run(feed);
    return this.#graph(this.#ops.tokens.some((id) => feed.given(id).missing)).run(feed);
  }

  dispose(): void {
    this.#ops.dispose();
    for (const graph of this.#graphs) graph?.dispose();
  }

  #graph(missing: boolean): LoadedGraph {
    const known = this.#graphs[Number(missing)];
    if (known) return known;
    const graph = new LoadedGraph(
      record(better(this.plan), this.binding, this.memoryOf, missing),
      this.memory,
      this.binding,
    );
    this.#graphs[Number(missing)] = graph;
    return graph;
  }
}

/** A graph in a session of its own. A run is one call. */
class LoadedGraph {
  readonly #session: number;
  readonly #made: MadeTensors<number>;

  constructor(
    readonly graph: Graph,
    memory: Memory<number>,
    readonly binding: Binding,
  ) {
    this.#made = new MadeTensors(graph.host, memory);
    this.#session = load(graph, binding);
  }

  run(feed: RunFeed<number>): Map<string, Result<number>> {
    const { given, results, feeds, fetches } = this.graph;
    const fed = [...given.map((wanted) => handleOf(wanted, feed)), ...this.#made.for(feed.lengths)];
    const outputs = this.binding.runSavedModel(this.#session, fed, feeds, fetches);
    return new Map(
      results.map(({ id, shape, int }, k) => [id, { handle: (outputs[k] as { id: number }).id, shape, int }]),
    );
  }

  dispose(): void {
    this.#made.dispose();
    this.binding.deleteSavedModel(this.#session);
  }
}

/** TensorFlow takes graphs from a folder; it is gone again afterwards. */
function load(graph: Graph, binding: Binding): number {
  const folder = mkdtempSync(join(tmpdir(), "recurve-graph-"));
  try {
    writeFileSync(join(folder, "saved_model.pb"), savedModel(graph.nodes));
    return binding.loadSavedModel(folder, TAG);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What gates of an LSTM need at least (rows times units) for products of their own to be quicker. */
const ROWS: Worth = { rank: "rows", elements: 1000, parts: 16 };
/** The parameters that an optimiser steps, one by one. */
const VECTORS: Worth = { rank: "vectors", elements: 1000, parts: 32 };

/** A plan as TensorFlow runs it best: what can run side by side in parts of their own, the rest in few kernels. */
const better = (plan: Plan): Plan => fuse(inOwnShapes(unpack(unpack(plan, ROWS), VECTORS)));
