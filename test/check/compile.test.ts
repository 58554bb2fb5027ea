/** `compile`: overrides, imports, blocks, stages. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { check } from "../../src/compiler/check/index.js";
import { type CompileOptions, compile, stages } from "../../src/compiler/index.js";
import type { BlockValue, Model } from "../../src/compiler/model.js";

const spec = `
model lm {
  vocab Char
  dim H = 8;  dim F = 4*H;  dim E = 3
  require E < H
  rate = 0.5
  axis t < T
  random c[t] : Char
  param Emb : [E, Char], W, U : [F, H] ~ orthogonal(1.1), b : [F] ~ gates(0, 1), V, g : [F] = 1
  frozen P : [E, E] = file("p.safetensors", "P")
  z[t] = g * tanh(W @ P @ Emb @ c[t-1] + U @ h[t-1] + b)
  (x[t], y[t]) = split(z[t], 2)
  h[t] : [H] = rate * reshape(x[t], 2, H)' @ softmax(reshape(y[t], 2, H) @ h[t-1])
  h[-1] = 0.1
  c[-1] = "a"
  c[t] ~ categorical(V @ z[t])
  data { train = text("a.txt"), valid = last(0.1), c = chars(item) }
  train { optimizer = adam(lr = rate / 10), batch = H, steps = 100, truncate(50, carry) }
  decode { sample(temperature = 0.8), max = 40 }
}`;

const modelOf = (set: Record<string, BlockValue> = {}): Model => {
  const { diagnostics, models } = check(spec, { set });
  expect(diagnostics.map((d) => d.message)).toEqual([]);
  return models[0] as Model;
};
const codes = (source: string, options: CompileOptions = {}): string[] =>
  compile(source, options).diagnostics.map((d) => d.code);

/** A start by Glorot's rule. */
const glorot = (blocks: number) => ({
  kind: "cell",
  cell: "glorot",
  numbers: {},
  blocks,
  equations: expect.any(Function),
});

describe("overrides", () => {
  test("dims, what follows from them, hyperparameters and block keys", () => {
    const plain = modelOf();
    expect(plain.dims).toEqual({ H: 8, E: 3 });
    expect(plain.params.find((p) => p.name === "U")?.shape).toEqual([32, 8]);
    expect(plain.blocks).toEqual({
      data: {
        train: { call: "text", args: ["a.txt"], named: {} },
        valid: { call: "last", args: [0.1], named: {} },
        c: { call: "chars", args: ["item"], named: {} },
      },
      train: {
        optimizer: { call: "adam", args: [], named: { lr: 0.05 } },
        batch: 8,
        steps: 100,
        truncate: { call: "truncate", args: [50, "carry"], named: {} },
      },
      decode: { sample: { call: "sample", args: [], named: { temperature: 0.8 } }, max: 40 },
    });
    const set = modelOf({ H: 16, rate: 1, "train.lr": 0.3, "train.batch": 7, "train.seed": 3, "decode.beam": 5 });
    expect(set.params.find((p) => p.name === "U")?.shape).toEqual([64, 16]);
    expect(set.hyperparameters).toEqual({ rate: 1 });
    expect(set.blocks.train).toEqual({
      optimizer: { call: "adam", args: [], named: { lr: 0.3 } },
      batch: 7,
      steps: 100,
      truncate: { call: "truncate", args: [50, "carry"], named: {} },
      seed: 3,
    });
    expect(set.blocks.decode).toEqual({ max: 40, beam: { call: "beam", args: [5], named: {} } });
    expect(modelOf({ "train.optimizer.lr": 1 }).blocks.train?.["optimizer"]).toEqual({
      call: "adam",
      args: [],
      named: { lr: 1 },
    });
  });

  test("a call from outside reads as it would in the block", () => {
    const { train } = modelOf({
      "train.schedule": "cosine(final = 0.1)",
      "train.optimizer": "sgd(rate, momentum = 0.9)",
      rate: 2,
    }).blocks;
    expect(train?.["schedule"]).toEqual({ call: "cosine", args: [], named: { final: 0.1 } });
    expect(train?.["optimizer"]).toEqual({ call: "sgd", args: [2], named: { momentum: 0.9 } });
    expect(codes(spec, { set: { "train.schedule": "cosine(final = )" } })).toContain("block-unknown-value");
  });

  test("what is not there, or no number, is a diagnostic", () => {
    expect(codes(spec, { set: { Hx: 3 } })).toEqual(["unknown-override"]);
    expect(codes(spec, { set: { H: 2.5 } })).toEqual(["bad-override"]);
    expect(codes(spec, { set: { rate: "fast" } })).toEqual(["bad-override"]);
    expect(codes(spec, { set: { H: 2 } })).toEqual(["require-fails"]);
  });
});

describe("models", () => {
  test("starts of parameters", () => {
    expect(modelOf().params.map((p) => [p.name, p.frozen, p.labels.join(), p.init])).toEqual([
      ["Emb", false, "E,Char", glorot(1)],
      ["W", false, "4*H,E", glorot(1)],
      ["U", false, "4*H,H", { kind: "orthogonal", gain: 1.1, blocks: 1 }],
      ["b", false, "4*H", { kind: "gates", values: [0, 1] }],
      ["V", false, "Char,4*H", glorot(1)],
      ["g", false, "4*H", { kind: "constant", value: 1 }],
      ["P", true, "E,E", { kind: "file", path: "p.safetensors", key: "P" }],
    ]);
  });

  test("vocabularies are bound later, with all special and written tokens", () => {
    const model = modelOf();
    expect(model.unsized).toEqual(["Char"]);
    expect(model.vocabs).toEqual([{ name: "Char", special: [], mentioned: ["a"] }]);
    expect(() => model.system({ training: true, drawn: [] })).toThrow("Char");
    const bound = model.bind({ Char: ["b", "a"] });
    expect(bound.params.find((p) => p.name === "Emb")?.shape).toEqual([3, 2]);
    expect(bound.vocabularies).toEqual({ Char: ["b", "a"] });
    const system = bound.system({ training: false, drawn: [] });
    expect(bound.system({ training: false, drawn: [] })).toBe(system);
    expect(() => model.bind({ Word: [] })).toThrow("Word");
  });

  test("a file with several models", () => {
    const two = `${spec}\nmodel other { random y; param m : [] = 0; y ~ normal(m, 1) }`;
    expect(compile(two).model.name).toBe("lm");
    expect(compile(two, { model: "other" }).topology).toBe("generator");
    const wrong = compile(two, { model: "othr" });
    expect(wrong.ok).toBe(false);
    expect(wrong.diagnostics[0]?.help).toBe("did you mean `other`?");
    expect(codes("")).toEqual(["no-model"]);
    expect(() => compile("").model).toThrow("no model");
  });
});

describe("imports", () => {
  const cells = `
cell Half(x : [X]) -> y : [X] { scale = 0.5
  y = scale * x }
cell Twice(x : [X]) -> y : [X] { cell a = Half(scale = 2)
  y = a(a(x)) }`;
  const user = (use: string, call = "f(x)"): string => `
${use}
model m {
  dim N = 3
  input x : [N];  random y : [N]
  cell f = Twice(X = N)
  y ~ normal(${call}, 1)
}`;

  test("a file beside the spec, cells inside cells, numbers of an instance", () => {
    const paths: string[] = [];
    const read = (path: string): string | null => {
      paths.push(path);
      return path === "my.rcv" ? cells : null;
    };
    const c = compile(user('use "my.rcv" (Twice)'), { read });
    expect(c.diagnostics).toEqual([]);
    expect(paths).toEqual(["my.rcv"]);
    expect(c.print("equations")).toContain("= 2 * x");
  });

  test("mistakes in an imported file point into it", () => {
    const read = (): string => cells.replace("scale * x", "scale * z");
    const c = compile(user('use "my.rcv"'), { read });
    expect(c.diagnostics.map((d) => [d.code, d.labels.map((l) => l.file)])).toEqual([
      ["unknown-name", ["my.rcv", undefined]],
    ]);
    expect(c.sources.get("my.rcv")).toBe(read());
  });

  test("what cannot be imported", () => {
    expect(codes(user('use "no.rcv" (Twice)'))).toEqual(["unreadable-import"]);
    expect(codes(user("use std.cels (Twice)"))).toEqual(["unknown-import"]);
    expect(codes(user("use std.cells (Twice)"))).toEqual(["unknown-name"]);
    expect(codes(user('use "my.rcv" (Twice)'), { read: () => `use "my.rcv"\n${cells}` })).toEqual(["circular-import"]);
    expect(codes(user('use "my.rcv" (Twice)', "f(x, x)"), { read: () => cells })).toEqual(["bad-cell-use"]);
  });

  test("a cell that contains itself", () => {
    expect(
      codes(user('use "my.rcv"'), { read: () => "cell Twice(x : [X]) -> y : [X] { cell a = Twice(X)\n y = a(x) }" }),
    ).toEqual(["bad-cell-use"]);
  });
});

describe("stages", () => {
  const folder = new URL("../../specs/", import.meta.url);
  const specs = readdirSync(folder).filter((f) => f.endsWith(".rcv"));
  const read = (file: string) => compile(readFileSync(new URL(file, folder), "utf8"), { file });

  test.each(specs)("%s compiles without a warning", (file) => {
    expect(read(file).diagnostics).toEqual([]);
  });

  test("every stage prints", () => {
    const c = read("moby-dick.rcv");
    for (const stage of stages) expect(c.print(stage).length).toBeGreaterThan(50);
    expect(JSON.parse(c.print("model")).params[0]).toMatchObject({ shape: [null, 128], labels: ["Char", "H"] });
    expect(c.print("equations")).toContain("h[t] : [H] = sigmoid(lstm.o[t]) * tanh(s[t])");
    expect(c.print("after:dce")).toContain("=");
    expect(() => c.print("after:nothing")).toThrow("after:dce");
  });
});

test("carried state: what needs the whole sequence is a mistake only where it is asked to be carried", () => {
  const base = `model m { dim H = 2; axis t < T; random s[t]; param W : [H] ~ normal(0, 1), U, v : [H] ~ normal(0, 1)
    h[t] : [H] = tanh(W * s[t-1] + U @ h[t-1]); h[-1] = 0; s[-1] = 0
    s[t] ~ normal(dot(v, h[t]), 1)`;
  const carried = (extra: string, train = "truncate(5, carry)") =>
    codes(`${base}\n${extra}\ntrain { ${train} }; decode { max = 5 } }`);
  expect(carried("")).toEqual([]);
  for (const extra of ["metric m = mean(h[T-1])", "metric m = mean[t](mean(h[t]) * T)", "loss sum(h[0] * h[0])"]) {
    expect(carried(extra), extra).toEqual(["carry-impossible"]);
    expect(carried(extra, "truncate(5)"), extra).toEqual([]);
  }
  const set = { "train.truncate": { call: "truncate", args: [5, "carry"], named: {} } };
  expect(codes(`${base}\nmetric m = mean(h[T-1]); decode { max = 5 } }`, { set })).toEqual(["carry-impossible"]);
});

test("what a spec names `total`, `count` or `samples` is its own", () => {
  const text = `model m {
    vocab Char = ["a", "b"]
    dim H = 3
    axis t < T
    random c[t] : Char
    param Wx, Wh, Wo
    total[t] : [H] = tanh(Wh @ total[t-1] + Wx @ c[t-1])
    total[-1] = 0
    c[-1] = "a"
    count[t] = 2 * total[t]
    samples[t] = sum(count[t])
    c[t] ~ categorical(Wo @ count[t] + samples[t])
    train { normalize = "sample" }; decode { max = 4 }
  }`;
  const program = compile(text);
  expect(codes(text)).toEqual([]);
  expect(program.print("equations")).toContain("count[t] : [H] = 2 * total[t]");
  expect(program.print("system")).toContain("loss = loss.total / loss.count");
});
