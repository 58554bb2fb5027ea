/** Random records of every published architecture among the samples: they encode, and a step can be taken on them. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compile } from "../../src/compiler/index.js";
import type { Model } from "../../src/compiler/model.js";
import { encode } from "../../src/runtime/data/index.js";
import { benchmark, instantiate, randomRecords, standIns } from "../../src/runtime/index.js";
import { longest } from "../../src/runtime/lengths.js";

const samples = new URL("../samples/", import.meta.url);
const names = readdirSync(samples, { withFileTypes: true }).flatMap((d) => (d.isDirectory() ? [d.name] : []));
const LENGTH = 6;

function modelOf(source: string): Model {
  const { model } = compile(source);
  return model.unsized.length ? model.bind(standIns(model)) : model;
}

describe("records", () => {
  test.each(names)("%s", (name) => {
    const model = modelOf(readFileSync(new URL(`${name}/input.rcv`, samples), "utf8"));
    const records = randomRecords(model, { count: 3, length: LENGTH, seed: 1 });
    const ctc = model.fields.flatMap((f) => (f.dist === "ctc" ? f.axes : []));
    for (const record of records) {
      const { lengths, fields } = encode(model, record);
      for (const field of model.fields) expect(fields).toHaveProperty([field.name]);
      for (const { bound, kind, length, family } of model.axes) {
        if (kind !== "ragged" || length !== undefined || lengths[bound] === undefined) continue;
        if (family === undefined && !ctc.includes(bound)) expect(longest(lengths[bound])).toBe(LENGTH);
        if (family === bound) expect(lengths[bound]).toBe(LENGTH);
      }
    }
    expect(randomRecords(model, { count: 3, length: LENGTH, seed: 1 })).toEqual(records);
    expect(randomRecords(model, { count: 3, length: LENGTH, seed: 2 })).not.toEqual(records);
  });

  test("end once, at the end, with the token that ends them", () => {
    const model = modelOf(`model m {
      dim V = 3
      axis t < T until y[t] == 1
      random y[t] : V
      param W, b
      y[-1] = 0
      y[t] ~ categorical(W @ y[t-1] + b)
    }`);
    for (const { y } of randomRecords(model, { count: 20, length: 5, seed: 1 }) as { y: number[] }[]) {
      expect(y).toHaveLength(5);
      expect(y.indexOf(1)).toBe(4);
    }
  });

  test("vocabularies from the data have stand-ins: what the spec mentions, and as many as its `max`", () => {
    const { model } = compile(`model m {
      vocab A
      vocab B max 100
      axis t < T until y[t] == EOS
      input x[t] : B
      random y[t] : A
      param W, U, b
      y[-1] = "start"
      y[t] ~ categorical(W @ y[t-1] + U @ x[t] + b)
    }`);
    const vocabularies = standIns(model);
    expect(vocabularies["A"]?.[0]).toBe("start");
    expect(vocabularies["A"]?.at(-1)).toBe("<EOS>");
    expect(vocabularies["B"]).toHaveLength(100 + 1);
    const bound = model.bind(vocabularies);
    for (const record of randomRecords(bound, { count: 2, length: 4, seed: 1 }))
      expect(encode(bound, record).lengths["T"]).toBe(4);
  });
});

describe("benchmark", () => {
  const bench = new URL("../../specs/bench/", import.meta.url);
  const small = { V: 5, H: 3 };
  test.each(readdirSync(bench))("%s", async (file) => {
    const compiled = compile(readFileSync(new URL(file, bench), "utf8"), { file, set: small });
    expect(compiled.diagnostics.filter((d) => d.severity !== "warning")).toEqual([]);
    const model = await instantiate(compiled, { backend: "cpu" });
    const result = benchmark(model, { batch: 2, length: 4, steps: 3, warm_ms: 0 });
    expect(result).toMatchObject({ batch: 2, length: 4, steps: 3, engine: "cpu" });
    for (const key of ["first_ms", "min_ms", "median_ms", "gflops", "kernels", "peak_memory_mb", "loss"] as const)
      expect(result[key], key).toBeGreaterThan(0);
    expect(result.median_ms).toBeGreaterThanOrEqual(result.min_ms);
    expect(model.progress.step).toBe(4);
    model.dispose();
  });

  test("warms up before it times", async () => {
    const source = readFileSync(new URL("lstm-lm.rcv", bench), "utf8");
    const model = await instantiate(compile(source, { set: small }), { backend: "cpu" });
    expect(benchmark(model, { batch: 2, length: 4, steps: 3, warm_ms: 1e6 }).steps).toBe(3);
    // the first one, those that warm up, and three
    expect(model.progress.step).toBe(1 + 120 + 3);
    model.dispose();
  });

  test("the products of a language model are those of its equations", async () => {
    const [V, H, batch, length] = [7, 5, 3, 6];
    const source = readFileSync(new URL("lstm-lm.rcv", bench), "utf8");
    const model = await instantiate(compile(source, { set: { V, H } }), { backend: "cpu" });
    const { gflops, min_ms } = benchmark(model, { batch, length, steps: 1, warm_ms: 0 });
    // forwards, to what is read, to what it is multiplied with; where h[-1] = 0 is read there may be no product
    const flops = (steps: number): number => 3 * 2 * batch * (4 * H * H * steps + V * H * length);
    const measured = Math.round(gflops * min_ms * 1e6);
    expect(measured).toBeGreaterThanOrEqual(flops(length - 1));
    expect(measured).toBeLessThanOrEqual(flops(length));
    model.dispose();
  });
});
