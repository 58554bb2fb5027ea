import { afterAll, describe, expect, it } from "vitest";
import type { Model } from "../../src/compiler/model.js";
import { Decoder } from "../../src/runtime/decoder/decoder.js";
import type { Decoded, DecodeOptions } from "../../src/runtime/decoder/types.js";
import { Engine } from "../../src/runtime/engine.js";
import type { Sample } from "../../src/runtime/types.js";
import { backends } from "../support/backends.js";
import * as models from "./models.js";
import { type Params, ReferenceEngine } from "./reference-engine.js";

/** Decoding through plans and kernels against decoding by definition. */

const common = { max: 5, seed: 7 };
const methods: Readonly<Record<string, DecodeOptions>> = {
  greedy: { ...common, method: { kind: "greedy" } },
  sample: { ...common, method: { kind: "sample", temperature: 0.9, top_k: 3, top_p: 0.95 } },
  beam: { ...common, method: { kind: "beam", k: 4, length_penalty: 0.6 } },
};

const along = (axis: string, tokens: readonly number[]): Sample => ({
  lengths: { [axis]: tokens.length },
  fields: { x: Int32Array.from(tokens) },
});
const nothing: Sample = { lengths: {}, fields: {} };
const sources = [[0], [1, 0, 1], [1], [0, 0, 1, 1, 0], [0, 1]];

const setups: Readonly<Record<string, { model: Model; params: Params; samples: readonly Sample[] }>> = {
  "language model": {
    model: models.languageModel(),
    params: models.languageParams,
    samples: [nothing, nothing, { lengths: { T: 2 }, fields: { y: Int32Array.of(0, 1) } }],
  },
  translator: {
    model: models.translator(),
    params: models.translatorParams,
    samples: sources.map((x) => along("S", x)),
  },
  tagger: { model: models.tagger(), params: models.taggerParams, samples: sources.map((x) => along("T", x)) },
  "two voices": { model: models.twoVoices(), params: models.twoVoicesParams, samples: [nothing, nothing] },
};

function engineOf(model: Model, params: Params, device: (typeof backends)[number]): Engine {
  const values = model.params.map((p) => [p.name, { shape: p.shape, data: Float32Array.from(params[p.name] ?? []) }]);
  const optimizer = { kind: "sgd", lr: 0.1, options: {} } as const;
  const options = { optimizer, clip: null, normalize: "observation", seed: 1 } as const;
  return new Engine(model, device, options, Object.fromEntries(values));
}

function expectSame(got: readonly Decoded[], want: readonly Decoded[]): void {
  expect(got.map((d) => d.fields)).toEqual(want.map((d) => d.fields));
  expect(got.map((d) => d.lengths)).toEqual(want.map((d) => d.lengths));
  for (const [i, d] of got.entries()) {
    expect(d.logp).toBeCloseTo(want[i]?.logp as number, 4);
    expect(d.alternatives?.map((a) => a.fields)).toEqual(want[i]?.alternatives?.map((a) => a.fields));
  }
}

describe.each(backends)("on $name", (device) => {
  const open: Engine[] = [];
  afterAll(() => {
    for (const e of open) e.dispose();
  });

  describe.each(Object.entries(setups))("%s", (_, { model, params, samples }) => {
    const engine = engineOf(model, params, device);
    open.push(engine);

    it.each(Object.entries(methods))("%s as by definition", (_name, options) => {
      const want = new Decoder(new ReferenceEngine(model, params)).decode(samples, options);
      const decoder = new Decoder(engine);
      expectSame(decoder.decode(samples, options), want);
      // a second time with the plans that are there, and not a tensor more
      const before = device.tensorCount();
      expectSame(decoder.decode(samples, options), want);
      expect(device.tensorCount()).toBe(before);
    });
  });

  it("a long sequence in parts, its state handed on", () => {
    const [model, params] = [models.languageModel(false), models.languageParams];
    const engine = engineOf(model, params, device);
    open.push(engine);
    const options = { ...(methods["sample"] as DecodeOptions), max: 150 };
    const want = new Decoder(new ReferenceEngine(model, params)).decode(Array(2).fill(nothing), options);
    expectSame(new Decoder(engine).decode(Array(2).fill(nothing), options), want);
  });

  it("real numbers", () => {
    const engine = engineOf(models.walk(), models.walkParams, device);
    open.push(engine);
    const options = { ...(methods["sample"] as DecodeOptions), max: 3 };
    const want = new Decoder(new ReferenceEngine(models.walk(), models.walkParams)).decode(
      Array(2).fill(nothing),
      options,
    );
    for (const [i, d] of new Decoder(engine).decode(Array(2).fill(nothing), options).entries())
      for (const [t, x] of (d.fields["s"] ?? []).entries())
        expect(x).toBeCloseTo(want[i]?.fields["s"]?.[t] as number, 5);
  });
});
