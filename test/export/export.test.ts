/** Exported graphs as a page uses them, on every backend: the numbers of the model, its decoding, and what is written. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ExportError, exportGraphs, type Network, UsageError } from "../../src/runtime/index.js";
import { checkSteps, checkWhole, close, namedValues, withGraph } from "./compare.js";
import { feedsOf, LENGTH, networkOf, RECORDS, type Subject, subject } from "./harness.js";
import { backendNames, loadGraph, run, type Tensors, use } from "./tfjs.js";

const folder = mkdtempSync(join(tmpdir(), "recurve-export-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;
const place = (): string => join(folder, String(made++));
const root = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");

const lm = `
model lm {
  use std.cells (LSTM)
  vocab Char = ["a", "b", "c", "d"]
  dim H = 5
  axis t < T
  random c[t] : Char
  param Wo, bo, E : [H, Char] ~ normal(0, 1)
  cell lstm = LSTM(H)
  (h[t], s[t]) = lstm(c[t-1], h[t-1], s[t-1])
  h[-1] : [H] = tanh(E @ c[-1]);  s[-1] = 0;  c[-1] = "b"
  c[t] ~ categorical(Wo @ h[t] + bo)
}`;

const tagger = `
model tagger {
  use std.cells (GRU)
  vocab In = ["a", "b", "c"]
  vocab Out = ["x", "y"]
  dim H = 4
  axis t < T
  input w[t] : In
  random y[t] : Out
  param Wo, bo
  cell F = GRU(H)
  cell B = GRU(H)
  f[t] = F(w[t], f[t-1]);  f[-1] = 0
  b[t] = B(w[t], b[t+1]);  b[T] = 0
  y[t] ~ categorical(Wo @ [f[t]; b[t]] + bo)
}`;

/** Two randoms of one step, the second drawn after the first; the state is computed from both. */
const pair = `
model pair {
  vocab V = ["a", "b", "c"]
  dim H = 3
  axis t < T
  random y[t] : V
  random m[t] : [2]
  param Wh, bh, Wy, My, Mh : [2, H], E : [H, V], Em : [H, 2]
  h[t] : [H] = tanh(Wh @ h[t-1] + E @ y[t] + Em @ m[t] + bh)
  h[-1] = 0.5
  y[t] ~ categorical(Wy @ h[t-1])
  m[t] ~ normal(Mh @ h[t-1] + My @ y[t], 0.3)
}`;

/** Two sequences, the second from the whole of the first. */
const both = `
model both {
  vocab V = ["a", "b", "c"]
  dim H = 3
  axis t < T
  axis u < U
  random y[t] : V
  random z[u] : V
  param Wh, E : [H, V], Wy, Wg, K : [H, H], F : [H, V], Wz
  h[t] : [H] = tanh(Wh @ h[t-1] + E @ y[t-1]);  h[-1] = 0.5;  y[-1] = "a"
  g[u] : [H] = tanh(Wg @ g[u-1] + F @ z[u-1] + K @ h[T-1]);  g[-1] = 0;  z[-1] = "b"
  y[t] ~ categorical(Wy @ h[t])
  z[u] ~ categorical(Wz @ g[u])
}`;

const cases: readonly (readonly [name: string, source: string, steps: boolean, set: Record<string, number>])[] = [
  ["language model", lm, true, {}],
  ["tagger from both sides", tagger, false, {}],
  ["seq2seq with attention", read("test/samples/bahdanau/input.rcv"), true, {}],
  ["many to one", read("specs/first-names.rcv"), false, { E: 3, H: 4 }],
  ["real numbers", read("specs/wave.rcv"), true, { H: 4 }],
  ["two randoms of a step", pair, true, {}],
  ["images", read("specs/motion.rcv"), true, {}],
  ["axes within axes", read("test/samples/hierarchical-attention/input.rcv"), false, {}],
  ["noise", read("test/samples/vrnn/input.rcv"), true, {}],
  ["sums by token", read("test/samples/copy-mechanism/input.rcv"), true, {}],
  ["steps along two axes", both, true, {}],
];

const subjects = new Map<string, Promise<Subject>>();
const subjectOf = (name: string, source: string, set: Record<string, number> = {}): Promise<Subject> => {
  const known = subjects.get(name) ?? networkOf(source, `${name}.rcv`, set).then(exported);
  subjects.set(name, known);
  return known;
};
const exported = (network: Network): Promise<Subject> => subject(network, place(), { values: namedValues(network) });

describe.each(backendNames)("on %s, the numbers are those of the model", (backend) => {
  it.each(cases)("%s", async (name, source, steps, set) => {
    const s = await subjectOf(name, source, set);
    await use(backend);
    const whole = await checkWhole(s);
    expect((await checkSteps(s, whole)) > 0).toBe(steps);
  });

  it.each([
    ["language model", lm],
    ["seq2seq with attention", read("test/samples/bahdanau/input.rcv")],
  ])("a page that takes the likeliest token each time writes what the model writes: %s", async (name, source) => {
    const s = await subjectOf(name, source);
    await use(backend);
    const randoms = s.model.fields.filter((f) => f.role === "random").map((f) => f.name);
    const [random] = randoms as [string];
    const given = s.records.map((r) => Object.fromEntries(Object.entries(r).filter(([k]) => !randoms.includes(k))));
    const want = await s.network.decode(given, { greedy: true, max: 7 });
    expect(await pageWrites(s, random, 7)).toEqual(want.map((d) => d[random]));
  });
});

/** What stands in specs/export.md, with nothing but what the files say. */
async function pageWrites(s: Subject, random: string, most: number): Promise<string[]> {
  const { about } = s.exported.graphs.find((g) => g.about.graph === "step") as (typeof s.exported.graphs)[number];
  const { start, states } = about.step as NonNullable<typeof about.step>;
  const { end = "", never = [] } = about.randoms[random] ?? {};
  const port = Object.values(about.inputs).find((i) => i.vocabulary) ?? {};
  const tokens = about.vocabularies["vocabulary" in port ? String(port.vocabulary) : ""] ?? [];
  const inputs = s.exported.graphs.find((g) => g.file === start)?.about.inputs ?? {};
  const first = start ? await withGraph(s, start, (graph) => run(graph, feedsOf(s, inputs))) : {};
  const context = Object.fromEntries(Object.entries(first).filter(([name]) => about.inputs[name]?.kind === "context"));
  let state = Object.fromEntries(Object.entries(first).filter(([name]) => about.inputs[name]?.kind === "state"));
  const texts: string[][] = Array.from({ length: RECORDS }, () => []);
  const ended = texts.map(() => false);
  await withGraph(s, "step.json", (graph) => {
    for (let t = 0; t < most && ended.includes(false); t++) {
      const got = run(graph, { ...context, ...state });
      const logits = got[`${random}.logits`] as Tensors[string];
      const drawn = texts.map((text, b) => {
        const own = tokens.map((token, k) =>
          never.includes(token) ? Number.NEGATIVE_INFINITY : (logits.data[b * tokens.length + k] as number),
        );
        const best = own.indexOf(Math.max(...own));
        if (tokens[best] === end) ended[b] = true;
        if (!ended[b]) text.push(tokens[best] as string);
        return best;
      });
      const ids: Tensors[string] = { shape: [RECORDS], data: drawn, dtype: "int32" };
      state = Object.fromEntries(states.map((x) => [x.input, "from" in x ? ids : (got[x.output] as Tensors[string])]));
    }
  });
  return texts.map((text) => text.join(""));
}

describe("what is written", () => {
  it("sequences fill the length, and start, where nothing else is fed", async () => {
    const s = await subjectOf("tagger from both sides", tagger);
    await use("cpu");
    const w: Tensors = { w: { shape: [RECORDS, LENGTH], data: new Array(RECORDS * LENGTH).fill(1), dtype: "int32" } };
    const lengths = { shape: [RECORDS], data: new Array(RECORDS).fill(LENGTH), dtype: "int32" as const };
    await withGraph(s, "model.json", (graph) => {
      const [got, want] = [run(graph, w, ["y.logits"]), run(graph, { ...w, "T.length": lengths }, ["y.logits"])];
      close(got["y.logits"]?.data ?? [], want["y.logits"]?.data ?? [1], "y.logits");
    });
    const again = await subjectOf("language model", lm);
    await withGraph(again, "step.json", (graph) => {
      expect(Object.keys(run(graph, {})).sort()).toEqual(["c.logits", "h[-1].next", "s[-1].next"]);
    });
  });

  it("what depends on a draw of the same step comes after it", async () => {
    const { exported: e } = await subjectOf("two randoms of a step", pair);
    const { about } = e.graphs.find((g) => g.file === "step.json") as (typeof e.graphs)[number];
    const after = Object.fromEntries(Object.entries(about.outputs).map(([name, o]) => [name, o.after ?? []]));
    expect(after).toEqual({ "y.logits": [], "m.mu": ["y"], "m.sigma": [], "h[-1].next": ["y", "m"] });
    await use("cpu");
    await withGraph(await subjectOf("two randoms of a step", pair), "step.json", (graph) => {
      expect(Object.keys(run(graph, {})).sort()).toEqual(["m.sigma", "y.logits"]);
    });
  });

  it("a step for each axis has the axis in its name", async () => {
    const { exported: e } = await subjectOf("steps along two axes", both);
    expect(e.graphs.map((g) => g.file)).toEqual(["model.json", "step-T.json", "start-U.json", "step-U.json"]);
    expect(e.graphs.map((g) => g.about.step?.start ?? null)).toEqual([null, null, null, "start-U.json"]);
  });

  it("says why there is no step", async () => {
    const { exported: e } = await subjectOf("tagger from both sides", tagger);
    expect(e.graphs.map((g) => g.file)).toEqual(["model.json"]);
    expect(e.stepless).toEqual({ T: "`b` reads `b` at t+1" });
  });

  it("a page finds vocabularies and the way to tokens in the metadata", async () => {
    const s = await subjectOf("seq2seq with attention", read("test/samples/bahdanau/input.rcv"));
    await use("cpu");
    const graph = await loadGraph(s.dir, "model.json");
    expect(graph.metadata).toMatchObject({
      recurve: {
        graph: "model",
        batch: RECORDS,
        lengths: { S: LENGTH, T: LENGTH },
        inputs: {
          x: { kind: "input", axes: ["S"], vocabulary: "Src" },
          y: { kind: "random", axes: ["T"], vocabulary: "Tgt" },
          "S.length": { kind: "length", axes: [], optional: true },
        },
        outputs: { "y.logits": { kind: "parameter", of: "y", axes: ["T"] } },
        randoms: { y: { distribution: "categorical", end: "<EOS>", never: ["<BOS>"] } },
        vocabularies: { Src: ["a", "b", "c"], Tgt: ["x", "y", "<BOS>", "<EOS>"] },
      },
    });
    graph.dispose();
  });

  it("a folder that is written again has nothing left of before, and no file is half there", async () => {
    const dir = place();
    const options = { length: 3 };
    await exportGraphs(await networkOf(read("test/samples/bahdanau/input.rcv")), dir, options);
    expect(readdirSync(dir)).toContain("start.json");
    const { files } = await exportGraphs(await networkOf(tagger), dir, options);
    expect(readdirSync(dir).sort()).toEqual([...files].sort());
  });

  it("weights that several graphs have are in one file, in shards of at most 4 MB", async () => {
    const dir = place();
    const network = await networkOf(read("specs/moby-dick.rcv"), "moby.rcv", { H: 520 });
    const { files } = await exportGraphs(network, dir, { length: 2 });
    const sizes = files.map((file) => [file, readFileSync(join(dir, file)).length] as const);
    const weights = sizes.filter(([file]) => file.endsWith(".bin"));
    for (const [file, size] of weights) expect(size, file).toBeLessThanOrEqual(4 << 20);
    const all = weights.reduce((n, [, size]) => n + size, 0);
    expect(all / (4 * network.model.params.reduce((n, p) => n + p.shape.reduce((a, b) => a * b, 1), 0))).toBeLessThan(
      1.01,
    );
    await use("cpu");
    await withGraph({ dir } as Subject, "step.json", (graph) => {
      const want = network.params()["lstm.U"]?.data ?? new Float32Array(1);
      close(graph.weights["lstm.U"]?.[0]?.dataSync() ?? [], want, "lstm.U");
    });
    network.dispose();
  });
});

describe("what cannot be", () => {
  const refusal = async (source: string, options = {}): Promise<unknown> =>
    exportGraphs(await networkOf(source), place(), { length: 3, ...options }).catch((e: unknown) => e);

  it.each([
    [
      "specs/arithmetic-tree.rcv",
      "export-structure",
      "a graph of tfjs has one shape for all records, and each tree `n` has levels of its own: run the model with `recurve predict`, or in Node with `load`",
    ],
    [
      "test/samples/kalman-filter/input.rcv",
      "export-op",
      "`K` needs `solve`, which tfjs has no op for: leave it out of `--values`, or run the model with `recurve predict`",
    ],
  ])("%s", async (path, code, message) => {
    const error = await refusal(read(path));
    expect(error).toBeInstanceOf(ExportError);
    expect((error as ExportError).diagnostic.code).toBe(code);
    expect((error as ExportError).message).toBe(message);
    expect((error as ExportError).exitCode).toBe(3);
  });

  it.each([
    [{ length: undefined }, "lm is unrolled at a length: give one for T"],
    [{ length: 0 }, "a length along T is a whole number from 1 on, not 0"],
    [{ lengths: { S: 3 } }, "there is no axis with a length of its own `S`"],
    [{ values: ["hh"] }, "there is no value `hh`"],
    [{ batch: 0 }, "a batch has at least 1 record, not 0"],
  ])("%o", async (options, message) => {
    const error = await refusal(lm, options);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toContain(message);
  });
});
