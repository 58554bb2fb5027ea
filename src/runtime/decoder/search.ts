/** Beam search and Viterbi over one loop of the model: what the program's draws ask, answered by `BeamSearch`. */
import type { DistName, Model } from "../../compiler/model.js";
import type { Row } from "./ancestral.js";
import { type Ending, fieldOf, producible } from "./axes.js";
import { BeamSearch, type Found } from "./beam.js";
import { beamContinuous, beamOverAxes, beamRetimed } from "./diagnostics.js";
import { choices, isDiscrete, logProbabilities } from "./draws.js";
import { DecodeError } from "./errors.js";
import type { Phase } from "./phases.js";
import type { Alternative, Decoded, DrawReply, DrawRequest, Numbers } from "./types.js";

export interface SearchOptions {
  readonly model: Model;
  readonly phase: Phase & { readonly loop: NonNullable<Phase["loop"]> };
  readonly k: number;
  /** See `BeamOptions`. */
  readonly memory: number | null;
  readonly length_penalty: number;
  /** One per sample: k rows of the batch belong to each. */
  readonly rows: readonly Row[];
  readonly open: ReadonlyMap<string, Ending | null>;
}

/** Throws `DecodeError` where the randoms of the loop cannot be searched together. */
export class Search {
  readonly #beam: BeamSearch;

  constructor(readonly options: SearchOptions) {
    const { model, phase, rows, k, memory, length_penalty } = options;
    for (const f of phase.randoms.map((r) => fieldOf(model, r))) {
      if (!isDiscrete({ dist: f.dist as DistName, base: f.base }) || f.shape.length)
        throw new DecodeError(beamContinuous({ random: f.name }));
      if (f.axes.length !== 1) throw new DecodeError(beamOverAxes({ random: f.name, axes: f.axes }));
    }
    if (!phase.loop.together) throw new DecodeError(beamRetimed({ randoms: phase.randoms }));
    this.#beam = new BeamSearch({
      k,
      memory,
      length_penalty,
      limits: rows.map((r) => r.lengths[phase.loop.axis] as number),
    });
  }

  draw = (request: DrawRequest): DrawReply => {
    const { random, index } = request;
    const { phase, rows, model } = this.options;
    const field = fieldOf(model, random);
    const t = index[0];
    if (t === undefined) throw new Error(`a draw of ${random} outside of its loop`);
    const logits = logProbabilities(request);
    const size = choices(request);
    const ending = this.options.open.get(phase.loop.axis) ?? null;
    const length = (b: number): number => (rows[b] as Row).lengths[phase.loop.axis] as number;
    const step = (b: number): number | null => {
      if (t >= length(b)) return null;
      return phase.loop.direction > 0 ? t : length(b) - 1 - t;
    };
    const { values, parent, done } = this.#beam.expand({
      random,
      logits,
      size,
      allowed: producible(model, field, size),
      end: ending?.random === random ? ending.token : null,
      step,
      last: random === phase.randoms.at(-1),
      forced: (b) => (rows[b] as Row).prefix[random]?.[t] ?? null,
    });
    return { values: field.type.kind === "float" ? Float32Array.from(values) : values, parent, stop: done };
  };

  results(): Decoded[] {
    return resultsOf(this.options, (b) => this.#beam.found(b));
  }
}

/** Of each sample, the best that was found, and where nothing was left out on the way all of it. */
export function resultsOf(options: SearchOptions, found: (b: number) => readonly Found[]): Decoded[] {
  return options.rows.map((_, b) => {
    const alternatives = found(b).map((f) => alternativeOf(options, f));
    const { score: _score, ...best } = alternatives[0] as Alternative;
    return options.memory === null ? { ...best, alternatives } : best;
  });
}

function alternativeOf({ model, phase, open }: SearchOptions, { tokens, logp, score, ended }: Found): Alternative {
  const { axis, direction } = phase.loop;
  const fields = Object.fromEntries(
    phase.randoms.map((name): [string, Numbers] => {
      const drawn = direction > 0 ? (tokens[name] ?? []) : [...(tokens[name] ?? [])].reverse();
      return [name, fieldOf(model, name).type.kind === "float" ? Float32Array.from(drawn) : Int32Array.from(drawn)];
    }),
  );
  const steps = fields[phase.randoms[0] as string]?.length ?? 0;
  const ending = open.get(axis);
  return {
    fields,
    lengths: { [axis]: steps },
    logp,
    score,
    ended: ending ? ended : true,
  };
}
