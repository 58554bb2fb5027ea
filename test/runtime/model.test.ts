import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/compiler/index.js";
import {
  type BackendName,
  instantiate,
  type Network,
  openBackend,
  SpecError,
  type Tensors,
  UsageError,
} from "../../src/runtime/index.js";
import { writeSafetensors } from "../../src/runtime/safetensors.js";
import { compiled, folder, story, tags } from "./support/specs.js";

const vocabularies = { In: ["a", "b", "c"] };
const tagger = (): Promise<Network> => instantiate(compiled(tags), { backend: "cpu", vocabularies });
const samples = [
  { x: "abc", y: "aab" },
  { x: "b", y: "a" },
  { x: "caaab", y: ["a", "c", "a", "a", "a"] },
];
const sum = (x: ArrayLike<number>): number => Array.from(x).reduce((a, b) => a + b, 0);

describe("a model that runs", () => {
  it("has parameters in the shapes of the mathematics, which can be read and set", async () => {
    const network = await tagger();
    const params = network.params();
    expect(Object.fromEntries(Object.entries(params).map(([name, { shape }]) => [name, shape]))).toEqual({
      Wx: [8, 3],
      Wp: [8, 3],
      Wh: [8, 8],
      b: [8],
      Wo: [3, 8],
    });
    await network.setParams({ b: { shape: [8], data: [1, 2, 3, 4, 5, 6, 7, 8] } });
    expect([...(network.params()["b"]?.data ?? [])]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(network.params()["Wx"]).toEqual(params["Wx"]);
    await expect(network.setParams({ b: { shape: [2], data: [1, 2] } })).rejects.toThrow(/b is \[8\], not \[2\]/);
    await expect(network.setParams({ b: [1, 2] } as unknown as Tensors)).rejects.toThrow(/`b` is to be `{ shape/);
    await expect(network.setParams({ Wz: { shape: [8], data: [] } })).rejects.toThrow(/no parameter Wz/);
    network.dispose();
  });

  it("takes samples of any lengths, tokens as strings, characters or ids", async () => {
    const network = await tagger();
    const [one] = await network.values([{ x: [0, 1, 2], y: [0, 0, 1] }], ["h"]);
    const all = await network.values(samples, ["h", "y.logp"]);
    expect(all.map((s) => [s["h"]?.shape, s["y.logp"]?.shape])).toEqual([
      [[3, 8], [3]],
      [[1, 8], [1]],
      [[5, 8], [5]],
    ]);
    for (const [i, x] of (one?.["h"]?.data ?? []).entries()) expect(all[0]?.["h"]?.data[i]).toBeCloseTo(x, 6);
    await expect(network.values(samples, ["y.logq"])).rejects.toThrow(/no value `y.logq`: did you mean `y.logp`/);
    await expect(network.values([{ x: "abz", y: "aab" }], ["h"])).rejects.toThrow(/`z`|"z"/);
    await expect(network.values([], ["h"])).rejects.toThrow(UsageError);
    network.dispose();
  });

  it("gradients are means over the samples' observations, as finite differences say", async () => {
    const network = await tagger();
    const { loss, grads } = await network.gradients(samples);
    const logps = await network.values(samples, ["y.logp"]);
    expect(loss).toBeCloseTo(-sum(logps.map((s) => sum(s["y.logp"]?.data ?? []))) / 9, 5);
    expect(Object.keys(grads)).toEqual(["Wx", "Wp", "Wh", "b", "Wo"]);
    const b = network.params()["b"];
    const lossAt = async (by: number): Promise<number> => {
      const data = (b?.data ?? new Float32Array()).slice();
      data[3] = (data[3] as number) + by;
      await network.setParams({ b: { shape: [8], data } });
      return (await network.gradients(samples)).loss;
    };
    const slope = ((await lossAt(0.02)) - (await lossAt(-0.02))) / 0.04;
    expect(grads["b"]?.data[3]).toBeCloseTo(slope, 3);
    network.dispose();
  });

  it("a step is one of the optimiser's and gives the loss before it", async () => {
    const network = await tagger();
    const { loss } = await network.gradients(samples);
    expect(await network.step(samples)).toBeCloseTo(loss, 6);
    expect((await network.gradients(samples)).loss).toBeLessThan(loss);
    expect(network.progress.step).toBe(1);
    network.dispose();
  });

  it("scores are over all of a split: sums of log-probabilities, right tags, whole sequences", async () => {
    const network = await instantiate(compiled(tags, { "train.epochs": 1, "train.lr": 0.01 }), { backend: "cpu" });
    await network.fit();
    const { split, scores } = await network.evaluate();
    const { valid } = await network.data();
    expect(split).toBe("valid");
    const out = network.model.vocabularies["Out"] as readonly string[];
    const inn = network.model.vocabularies["In"] as readonly string[];
    const text = (ids: ArrayLike<number>, tokens: readonly string[]): string =>
      Array.from(ids, (i) => tokens[i]).join("");
    const records = (valid?.samples ?? []).map(({ fields }) => ({
      x: text(fields["x"] as Int32Array, inn),
      y: text(fields["y"] as Int32Array, out),
    }));
    expect(records.length).toBe(12);
    const logps = (await network.values(records, ["y.logp"])).map((s) => s["y.logp"]?.data ?? []);
    const n = sum(logps.map((l) => l.length));
    const loss = -sum(logps.map(sum)) / n;
    expect(scores.loss).toBeCloseTo(loss, 5);
    expect(scores.perplexity).toBeCloseTo(Math.exp(loss), 4);
    const decoded = await network.decode(records.map(({ x }) => ({ x })));
    const right = sum(
      records.map(({ y }, i) => Array.from(y).filter((c, t) => c === String(decoded[i]?.["y"])[t]).length),
    );
    expect(scores.accuracy).toBeCloseTo(right / n, 10);
    expect(scores.exact_match).toBe(records.filter(({ y }, i) => y === decoded[i]?.["y"]).length / 12);
    expect(scores.exact_match).toBeLessThan(1);
    expect(scores.exact_match_of).toBe(12);
    expect((await network.evaluate(null, { exactMatch: 5 })).scores.exact_match_of).toBe(5);
    expect((await network.evaluate(null, { exactMatch: 0 })).scores.exact_match).toBeUndefined();
    await expect(network.evaluate(null, { split: "test" })).rejects.toThrow(/no part `test`/);
    network.dispose();
  });

  it("decodes as the spec says, or as the caller does", async () => {
    const network = await instantiate(compiled(story, { "train.steps": 4 }), { backend: "cpu" });
    await network.fit();
    const [greedy] = await network.decode([{}]);
    expect(String(greedy?.["c"]).length).toBe(12);
    expect((await network.decode([{}]))[0]).toEqual(greedy);
    const drawn = async (seed: number) =>
      (await network.decode([{}, {}], { sample: { temperature: 2 }, max: 30, seed })).map((d) => d["c"]);
    expect(await drawn(1)).toEqual(await drawn(1));
    expect(await drawn(1)).not.toEqual(await drawn(2));
    expect(new Set(await drawn(1)).size).toBe(2);
    const [best] = await network.decode([{ c: "the " }], { beam: 3, max: 5 });
    expect(best?.["c"]).toMatch(/^the .{5}$/);
    expect(best?.["alternatives"]).toHaveLength(3);
    await expect(network.decode([{}], { beam: -1 })).rejects.toThrow(UsageError);
    network.dispose();
  });

  it("whose vocabularies come from data says so while they are not known", async () => {
    const network = await instantiate(compiled(tags), { backend: "cpu" });
    expect(() => network.params()).toThrow(/In of tags come from the data: call fit\(\) first, or pass `vocabularies`/);
    await expect(network.step(samples)).rejects.toBeInstanceOf(UsageError);
    await network.data();
    expect(network.params()["Wx"]?.shape).toEqual([8, 3]);
    const other = await instantiate(compiled(tags), { backend: "cpu", vocabularies: { In: ["c", "b", "a"] } });
    await expect(other.fit(await network.data())).rejects.toThrow(/other vocabularies/);
    network.dispose();
    other.dispose();
  });

  it("trains and scores on the caller's own records", async () => {
    const network = await instantiate(compiled(tags, { "train.epochs": 1 }), { backend: "cpu" });
    const own = { train: [...samples, { x: ["c", "c"], y: [0, 2] }], valid: [{ x: "ab", y: "aa" }] };
    const { step, valid } = await network.fit(own);
    expect(step).toBe(1);
    expect(network.model.vocabularies["In"]).toEqual(["a", "b", "c"]);
    const { scores } = await network.evaluate({ train: own.train, valid: own.valid }, { exactMatch: 0 });
    expect(scores).toEqual(valid);
    expect(await network.evaluate(own.train, { exactMatch: 0 })).toMatchObject({ split: "train" });
    const wrong = {
      train: [
        { x: "ab", y: "aa" },
        { x: "ab", y: "a" },
      ],
    };
    await expect(network.fit(wrong)).rejects.toThrow(/train:2: `y` has 1 steps along T, but `x` has 2/);
    network.dispose();
  });

  it("takes records keyed by the columns that the spec reads, too", async () => {
    const columns = tags.replace("x = chars(x), y = chars(y)", "x = chars(source), y = chars(target)");
    const network = await instantiate(compiled(columns), { backend: "cpu", vocabularies });
    const own = [{ source: "abc", target: "aab" }];
    const fields = [{ x: "abc", y: "aab" }];
    expect(await network.values(own, ["h"])).toEqual(await network.values(fields, ["h"]));
    expect(await network.decode([{ source: "abc" }])).toEqual(await network.decode([{ x: "abc" }]));
    expect(await network.evaluate(own)).toEqual(await network.evaluate(fields));
    await expect(network.decode([{ source: 3 }])).rejects.toThrow(/the column `source` should hold a string/);
    await expect(network.decode([{ sauce: "abc" }])).rejects.toThrow(/`x` is missing/);
    network.dispose();
  });

  it("a backend that does not exist is the caller's mistake", async () => {
    const options = { backend: "gpu" as BackendName, vocabularies };
    await expect(instantiate(compiled(tags), options)).rejects.toThrow(/no backend `gpu`: there are auto, tensorflow/);
  });

  it("starting values can come from a file beside the spec", async () => {
    const data = Float32Array.from({ length: 24 }, (_, i) => i / 10);
    writeFileSync(join(folder, "start.safetensors"), writeSafetensors({ E: { shape: [8, 3], data } }));
    const frozen = tags.replace("param Wx, Wp", 'frozen Wx : [H, In] = file("start.safetensors", "E")\n  param Wp');
    const network = await instantiate(compiled(frozen), { backend: "cpu", vocabularies });
    expect(network.params()["Wx"]?.data).toEqual(data);
    const { grads } = await network.gradients(samples);
    expect(Object.keys(grads)).toEqual(["Wp", "Wh", "b", "Wo"]);
    await network.step(samples);
    expect(network.params()["Wx"]?.data).toEqual(data);
    network.dispose();
    const missing = await instantiate(compiled(frozen.replace('"E"', '"F"')), { backend: "cpu", vocabularies });
    expect(() => missing.params()).toThrow(/start\.safetensors: there is no tensor `F`/);
  });

  it("refuses a spec with errors, and one that asks for the impossible", async () => {
    const broken = compile("model m {\n  x[t] = y\n}");
    await expect(instantiate(broken, { backend: "cpu" })).rejects.toBeInstanceOf(SpecError);
    // a state that comes from the future cannot be carried from window to window
    const backward = story.replace("h[-1] = 0", "h[T] = 0").replace("h[t-1]", "h[t+1]").replace("Wx @ c[t-1] + ", "");
    const program = compile(backward.replace("param Wx, Wh", "param Wh").replace('c[-1] = " "', ""));
    expect(program.diagnostics.map((d) => d.code)).toEqual(["carry-impossible"]);
    await expect(instantiate(program, { backend: "cpu" })).rejects.toThrow(SpecError);
  });

  it("leaves no tensor behind", async () => {
    const device = await openBackend("cpu");
    const before = device.tensorCount();
    const network = await instantiate(compiled(story, { "train.steps": 3 }), { backend: "cpu" });
    await network.fit();
    await network.evaluate();
    await network.decode([{}]);
    network.dispose();
    expect(device.tensorCount()).toBe(before);
    expect(() => network.params()).toThrow(/disposed/);
  });
});
