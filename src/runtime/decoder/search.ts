/** Beam search and Viterbi over one loop of the model: what the program's draws ask, answered by `BeamSearch`. */
import type { DistName, FieldInfo, Model } from "../../compiler/model.js";
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
  readonly #fields: readonly FieldInfo[];

  constructor(readonly options: SearchOptions) {
    const { model, phase, rows, k, memory, length_penalty } = options;
    this.#fields = phase.randoms.map((r) => fieldOf(model, r));
    for (const f of this.#fields) {
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
    return this.options.rows.map((_, b) => {
      const alternatives = this.#beam.found(b).map((f) => this.#alternative(f));
      const { score: _score, ...best } = alternatives[0] as Alternative;
      return this.options.memory === null ? { ...best, alternatives } : best;
    });
  }

  #alternative({ tokens, logp, score, ended }: Found): Alternative {
    const { phase, open } = this.options;
    const { axis, direction } = phase.loop;
    const fields = Object.fromEntries(
      this.#fields.map((f): [string, Numbers] => {
        const drawn = direction > 0 ? (tokens[f.name] ?? []) : [...(tokens[f.name] ?? [])].reverse();
        return [f.name, f.type.kind === "float" ? Float32Array.from(drawn) : Int32Array.from(drawn)];
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
}
