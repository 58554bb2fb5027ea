import { afterAll, beforeAll, expect, test } from "vitest";
import { build, folderWith, recurve, root } from "./recurve.js";
import { letters, words } from "./specs.js";

const folder = folderWith({ "letters.rcv": letters, "words.rcv": words, "both.rcv": letters + words });
beforeAll(build, 120_000);
afterAll(folder.remove);

const quick = ["--batch", "2", "--length", "5", "--steps", "2", "--backend", "cpu"];
const bench = (file: string, ...args: string[]) =>
  recurve(["bench", file, ...quick, ...args], { cwd: file.startsWith("specs/") ? root : folder.path });

test.concurrent("an event with what was measured; a spec without data", async () => {
  const { code, events } = await bench("specs/bench/lstm-lm.rcv", "--json", "-p", "V=6", "-p", "H=3");
  expect(code).toBe(0);
  expect(events()).toEqual([
    {
      event: "bench",
      model: "lstm_lm",
      backend: "cpu",
      engine: "cpu",
      dims: { V: 6, H: 3 },
      vocabularies: {},
      batch: 2,
      length: 5,
      steps: 2,
      compile_ms: expect.any(Number),
      first_ms: expect.any(Number),
      min_ms: expect.any(Number),
      median_ms: expect.any(Number),
      gflops: expect.any(Number),
      kernels: expect.any(Number),
      planned_memory_mb: expect.any(Number),
      peak_memory_mb: expect.any(Number),
      loss: expect.any(Number),
    },
  ]);
});

test.concurrent("a table for people; vocabularies that would come from the data have stand-ins", async () => {
  const { code, stdout, stderr } = await bench("words.rcv");
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: "the vocabulary Char would come from the data: timed with 64 tokens\n",
  });
  expect(stdout).toMatch(/^words: a batch of 2, length 5, 2 steps on cpu\n/);
  for (const row of ["first step", "fastest", "median", "GFLOP/s", "per time step", "peak memory"])
    expect(stdout).toContain(row);
});

test.concurrent("what cannot be timed is said", async () => {
  expect(await bench("both.rcv")).toMatchObject({ code: 2, stderr: expect.stringContaining("--model") });
  expect(await bench("letters.rcv", "-p", "G=3")).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("unknown-override"),
  });
  expect(await bench("letters.rcv", "--steps", "0")).toMatchObject({ code: 2 });
});
