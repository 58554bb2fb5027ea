/**
 * Decoding: the model's own equations with its randoms drawn instead of observed. Samples go through in batches of similar
 * lengths; each phase (see `phases.ts`) is one program. A long open axis is drawn in parts with carried state, as in
 * truncated training, where the equations allow it; else it is unrolled to its longest length.
 */
import type { Compute } from "../../compiler/programs.js";
import { product } from "../../compiler/system/types.js";
import { makeBatch } from "../data/index.js";
import { layOut } from "../data/layout.js";
import { UsageError } from "../errors.js";
import { longest } from "../lengths.js";
import type { Batch, Sample } from "../types.js";
import { Ancestral, type Row } from "./ancestral.js";
import { choicesOf, type Ending, endingOf, fieldOf, openAxes } from "./axes.js";
import type { Method } from "./choose.js";
import { openAxis, openWithin, searchOfNodes, viterbiMemory, viterbiStates } from "./diagnostics.js";
import { DecodeError } from "./errors.js";
import { insideFields, takeInside } from "./inside.js";
import { memoryOf } from "./memory.js";
import { combine, isFree, merge, type Part, prefixOf, without } from "./parts.js";
import { type Phase, phasesOf } from "./phases.js";
import { DecodePrograms, PART } from "./programs.js";
import { Search } from "./search.js";
import { SearchInside } from "./search-inside.js";
import type { Decoded, DecodeEngine, DecodeOptions, Numbers, Run } from "./types.js";

/** Longest sequence where only an end token bounds it: a model that never ends has to stop somewhere. */
const ENDLESS = 1000;
const ROWS = 128;
/** Combinations of tokens that Viterbi keeps apart: each is a row of the batch. */
const STATES = 1024;

interface SearchPlan {
  readonly k: number;
  readonly length_penalty: number;
  readonly memory: number | null;
}

type Searching = Extract<DecodeOptions["method"], { kind: "beam" | "viterbi" }>;
const isSearch = (method: DecodeOptions["method"]): method is Searching =>
  method.kind === "beam" || method.kind === "viterbi";

/** What one phase needs to know. */
interface Job {
  readonly phase: Phase;
  /** Not observed: the randoms of this phase and of those after it. */
  readonly drawn: readonly string[];
  readonly open: ReadonlyMap<string, Ending | null>;
  readonly options: DecodeOptions;
}

/** What is drawn in one run or in several. */
interface Session {
  readonly done: boolean;
  advance(steps: number): void;
}

/** Draws are made by the host, or by the program, which is given what they depend on; `take` as `takeInside`. */
type Calls =
  | Required<Pick<Run, "draw">>
  | {
      fields(batch: Batch): Readonly<Record<string, Numbers>>;
      take(batch: Batch, got: Readonly<Record<string, Numbers>>): boolean;
    };

export class Decoder {
  readonly #programs: DecodePrograms;

  constructor(readonly engine: DecodeEngine) {
    this.#programs = new DecodePrograms(engine);
  }

  /** Draws every random of each sample. Throws `DecodeError` where the model does not allow what the options ask. */
  decode(samples: readonly Sample[], options: DecodeOptions): Decoded[] {
    const { model } = this.engine;
    const randoms = model.fields.filter((f) => f.role === "random").map((f) => f.name);
    if (!randoms.length) throw new UsageError(`${model.name} has no random: there is nothing to decode`);
    const prefixes = samples.map((s) => (options.prefix === false ? {} : prefixOf(model, s, randoms)));
    let known: Sample[] = samples.map((s) => without(model, s, randoms));
    let results: Decoded[] = samples.map(() => ({ fields: {}, lengths: {}, logp: 0, ended: true }));
    for (const { phase, drawn } of this.#phases(randoms, options)) {
      const axes = openAxes(model, drawn);
      const open = new Map(axes.map((a) => [a, endingOf(model, a)]));
      const parts = known.map((sample, id): Part => {
        const prefix = prefixes[id] as Row["prefix"];
        const bounds = axes.map((a) => [a, this.#bound(a, drawn, open, { sample, prefix }, options)]);
        return { sample, row: { id, prefix, lengths: { ...sample.lengths, ...Object.fromEntries(bounds) } } };
      });
      const found = this.#inBatches(parts, { phase, drawn, open, options });
      known = known.map((s, i) => merge(s, found[i] as Decoded));
      results = results.map((r, i) => combine(r, found[i] as Decoded));
    }
    return results;
  }

  /** Where lengths are known and rows stay, one program draws everything in order. */
  #phases(randoms: readonly string[], { method }: DecodeOptions): { phase: Phase; drawn: readonly string[] }[] {
    const phases = phasesOf(this.#programs.drawing(randoms));
    const stays = !isSearch(method) && openAxes(this.engine.model, randoms).length === 0;
    if (stays) return [{ phase: { randoms, loop: null }, drawn: randoms }];
    let drawn = randoms;
    return phases.map((phase) => {
      const step = { phase, drawn };
      drawn = drawn.filter((r) => !phase.randoms.includes(r));
      return step;
    });
  }

  /** How long an open axis may become: `max` steps beyond what is known. */
  #bound(
    axis: string,
    drawn: readonly string[],
    open: Job["open"],
    { sample, prefix }: { readonly sample: Sample; readonly prefix: Row["prefix"] },
    o: DecodeOptions,
  ): number {
    const { model } = this.engine;
    const along = drawn.filter((r) => fieldOf(model, r).axes.includes(axis));
    const within = model.axes.find((a) => a.bound === axis)?.within;
    if (within !== undefined) throw new DecodeError(openWithin({ axis, within, randoms: along }));
    // there are no more labels than frames
    const frames = along.map((r) => fieldOf(model, r)).find((f) => f.dist === "ctc")?.over;
    const count = model.axes.find((a) => a.bound === frames)?.size ?? sample.lengths[frames ?? ""];
    if (frames !== undefined && count !== undefined) return longest(count);
    const most = o.max ?? (open.get(axis) ? ENDLESS : null);
    if (most === null) throw new DecodeError(openAxis({ axis, randoms: along }));
    const known = along.map((r) => (prefix[r]?.length ?? 0) / product(fieldOf(model, r).shape));
    return most + Math.max(0, ...known);
  }

  #inBatches(parts: readonly Part[], job: Job): Decoded[] {
    const { rows = ROWS } = job.options;
    const plan = this.#searchOf(job);
    const size = Math.max(1, Math.floor(rows / (plan?.k ?? 1)));
    const total = (p: Part): number => Object.values(p.row.lengths).reduce<number>((a, b) => a + longest(b), 0);
    const order = [...parts].sort((a, b) => total(b) - total(a) || a.row.id - b.row.id);
    const results: Decoded[] = new Array(parts.length);
    for (let from = 0; from < order.length; from += size) {
      const batch = order.slice(from, from + size);
      const found = plan ? this.#search(batch, job, plan) : this.#draw(batch, job);
      for (const [i, f] of found.entries()) results[(batch[i] as Part).row.id] = f;
    }
    return results;
  }

  /** How the randoms of a phase are searched together; null where each draw stands by itself. */
  #searchOf({ phase, drawn, options: { method } }: Job): SearchPlan | null {
    if (!phase.loop || !isSearch(method)) return null;
    const { axis } = phase.loop;
    if (this.engine.model.structures.some((s) => s.name === axis))
      throw new DecodeError(searchOfNodes({ randoms: phase.randoms, structure: axis }));
    if (method.kind === "beam") return { k: method.k, length_penalty: method.length_penalty, memory: null };
    if (method.kind !== "viterbi") return null;
    const [random, second] = phase.randoms as [string, string?];
    const memory = second === undefined ? memoryOf(this.#programs.drawing(drawn), random) : null;
    if (memory === null) throw new DecodeError(viterbiMemory({ randoms: phase.randoms }));
    const size = choicesOf(this.engine.model, random);
    if (size === null || size ** memory > STATES) throw new DecodeError(viterbiStates({ random, memory, size }));
    return { k: Math.max(1, size ** memory), length_penalty: 0, memory };
  }

  #search(parts: readonly Part[], job: Job, { k, memory, length_penalty }: SearchPlan): Decoded[] {
    const { phase, open, options } = job;
    const { model } = this.engine;
    const rows = parts.map((p) => p.row);
    if (!phase.loop) throw new Error("beam search without a loop");
    const asked = { model, phase: { ...phase, loop: phase.loop }, k, memory, length_penalty, rows, open };
    const axis = this.#partsAlong(parts, job);
    const inside = this.#programs.searching(job.drawn, asked, axis, isFree(parts, phase));
    if (inside?.inside) {
      const session = new SearchInside(asked, inside.inside);
      const calls = { fields: session.fields.bind(session), take: session.take.bind(session) };
      // where a number is not finite, the host's own search tells of it
      if (this.#runAll(inside, axis, parts, job, session, calls)) return session.results();
    }
    const search = new Search(asked);
    const repeated = parts.flatMap((p) => Array.from({ length: k }, () => p));
    const compute = this.#programs.drawing(job.drawn);
    const { draw } = search;
    this.#run(compute, this.#batch(compute, repeated), repeated, phase.randoms, options, { draw, beam: true });
    return search.results();
  }

  #draw(parts: readonly Part[], job: Job): Decoded[] {
    const { phase, open, options, drawn } = job;
    const { model } = this.engine;
    const method: Method = isSearch(options.method) ? { kind: "greedy" } : options.method;
    const rows = parts.map((p) => p.row);
    const structured = model.structures.length > 0;
    const places = structured
      ? layOut(
          model.structures,
          parts.map((p) => p.sample),
        ).places
      : {};
    const { seed } = options;
    const beam = options.method.kind === "beam" ? { beam: options.method.k } : {};
    const asked = { model, randoms: phase.randoms, method, ...beam, seed, rows, open, places };
    const axis = this.#partsAlong(parts, job);
    const program = this.#programs.inside(drawn, phase, open, method, axis, isFree(parts, phase));
    const inside = program?.inside;
    if (program && inside) {
      const session = new Ancestral(asked);
      const calls: Calls = {
        fields: (batch) => insideFields(inside, session, batch),
        take: (batch, got) => takeInside(inside, session, batch, got),
      };
      // where a number is not finite, the host's own draws tell of it
      if (this.#runAll(program, axis, parts, job, session, calls)) return session.results();
    }
    const session = new Ancestral(asked);
    const carried = axis === null ? null : this.#programs.carrying(drawn, axis);
    this.#runAll(carried ?? this.#programs.drawing(drawn), axis, parts, job, session, session);
    return session.results();
  }

  /** The long axis that is drawn part by part, where the equations allow it; else null. */
  #partsAlong(parts: readonly Part[], { phase, open, drawn }: Job): string | null {
    const axis = phase.loop?.axis;
    if (axis === undefined || !open.has(axis) || phase.loop?.direction !== 1) return null;
    if (!phase.randoms.every((r) => fieldOf(this.engine.model, r).axes.includes(axis))) return null;
    if (parts.every((p) => (p.row.lengths[axis] as number) <= 1.5 * PART)) return null;
    return this.#programs.carrying(drawn, axis) && axis;
  }

  /** Runs a program once, or part by part along an axis. False where it has computed draws that are not finite. */
  #runAll(
    compute: Compute,
    axis: string | null,
    parts: readonly Part[],
    job: Job,
    session: Session,
    calls: Calls,
  ): boolean {
    const { inside } = compute;
    const window = inside?.window ?? PART;
    const steps = (p: Part): Part["row"]["lengths"] =>
      axis === null ? p.row.lengths : { ...p.row.lengths, [axis]: window };
    const own = parts.map((p) => ({ ...p, row: { ...p.row, lengths: steps(p) } }));
    const outputs = [...(inside ? compute.outputs : job.phase.randoms), ...compute.states.values()];
    const draw = "draw" in calls ? { draw: calls.draw } : {};
    for (let [step, states] = [0, {} as Run["states"]]; ; step++) {
      const plain = this.#batch(compute, own, step);
      const batch = "draw" in calls ? plain : { ...plain, fields: { ...plain.fields, ...calls.fields(plain) } };
      const got = this.#run(compute, batch, own, outputs, job.options, { step, states, ...draw });
      if (!("draw" in calls) && !calls.take(batch, got)) return false;
      if (axis === null || session.done) return true;
      states = Object.fromEntries([...compute.states].map(([state, next]) => [state, got[next] as Numbers]));
      session.advance(window);
    }
  }

  #batch(compute: Compute, parts: readonly Part[], step = 0): Batch {
    const samples = parts.map(({ sample, row }) => ({ ...sample, lengths: row.lengths }));
    const plain = makeBatch(this.engine.model, samples);
    return compute.states.size ? { ...plain, fresh: new Float32Array(plain.size).fill(step ? 0 : 1) } : plain;
  }

  #run(
    compute: Compute,
    batch: Batch,
    parts: readonly Part[],
    outputs: readonly string[],
    { seed }: DecodeOptions,
    { step = 0, states = {}, beam = false, draw }: Partial<Pick<Run, "states" | "beam" | "draw">> & { step?: number },
  ): Readonly<Record<string, Numbers>> {
    const noise = { seed, step, samples: parts.map((p) => p.row.id) };
    return this.engine.run({ compute, batch, outputs, states, beam, noise, ...(draw && { draw }) });
  }
}
