/** What `npm run bench` makes of the lines that its processes print. */
import { describe, expect, test } from "vitest";

const at = (name: string) => new URL(`../../bench/${name}`, import.meta.url).href;
interface Line {
  readonly peer: string;
  readonly group: string;
  readonly against: string;
  readonly min_ms: number;
  readonly [key: string]: unknown;
}
interface Case {
  readonly name: string;
  readonly results: readonly (Line & { ratio?: number; runs: number })[];
  readonly failed: readonly { name: string; reason: string }[];
}
const { cases, chosen } = (await import(at("cases.mjs"))) as {
  cases: readonly { name: string; spec: string }[];
  chosen(names: readonly string[]): readonly { name: string }[];
};
const { Results, merged } = (await import(at("results.mjs"))) as {
  Results: new () => { add(name: string, line: Line): void; fail(name: string, who: string, reason: string): void };
  merged(all: typeof cases, results: object): readonly Case[];
};
const { markdown } = (await import(at("table.mjs"))) as { markdown(report: object): string };
const { contestants } = (await import(at("contestants.mjs"))) as {
  contestants(folder: string | null, backends: readonly string[]): readonly { group: string; absent: string | null }[];
};

const line = (peer: string, group: string, against: string, min_ms: number, more = {}): Line => ({
  peer,
  group,
  against,
  min_ms,
  first_ms: 10 * min_ms,
  peak_memory_mb: 100,
  ...more,
});

describe("results", () => {
  const results = new Results();
  results.add("S", line("recurve on tensorflow", "recurve", "tensorflow", 8, { engine: "tensorflow" }));
  results.add("S", line("recurve on tensorflow", "recurve", "tensorflow", 5, { engine: "tensorflow-graph" }));
  results.add("S", line("recurve on wasm", "recurve", "wasm", 20));
  results.add("S", line("torch nn.LSTM", "torch", "tensorflow", 10, { peak_memory_mb: 300 }));
  results.add("S", line("torch nn.LSTM", "torch", "tensorflow", 15, { peak_memory_mb: 400 }));
  results.add("S", line("tfjs-layers on wasm", "layers", "wasm", 200));
  results.fail("S", "jax", "exit code 1");
  const report = merged(chosen(["S", "tiny"]) as typeof cases, results);
  const find = (peer: string) => report[0]?.results.find((r) => r.peer === peer);

  test("of times the shortest counts, of memory the most; ratios are on the same backend", () => {
    expect(find("torch nn.LSTM")).toMatchObject({ min_ms: 10, peak_memory_mb: 400, ratio: 2, runs: 2 });
    expect(find("tfjs-layers on wasm")).toMatchObject({ ratio: 10 });
    expect(find("recurve on tensorflow")).toMatchObject({ min_ms: 5, engine: "tensorflow-graph" });
    expect(find("recurve on tensorflow")).not.toHaveProperty("ratio");
    expect(report[1]?.results).toEqual([]);
  });

  test("what failed or is absent is said, and has no number", () => {
    const machine = { cpu: "c", cores: 4, memory_gb: 8, system: "s", node: "v20", load: 0 };
    const absent = [{ name: "keras", reason: "cannot import keras" }];
    const text = markdown({ date: "2026-01-02T00:00:00Z", machine, rounds: 2, absent, cases: report });
    expect(text).toContain("Not measured: keras (cannot import keras).");
    expect(text).toContain("jax failed: exit code 1.");
    expect(text).toMatch(/\| torch nn.LSTM \| 2 \|/);
    expect(text).not.toContain("busy");
    expect(markdown({ date: "", machine: { ...machine, load: 5 }, rounds: 1, absent, cases: report })).toContain(
      "busy",
    );
  });
});

test("cases are chosen by name or beginning", () => {
  expect(chosen([])).toEqual(cases);
  expect(chosen(["S"]).map((c) => c.name)).toEqual(["S"]);
  expect(chosen(["generate"]).map((c) => c.name)).toEqual(["generate-1", "generate-64"]);
  expect(() => chosen(["XL"])).toThrow("there is no case XL");
});

test("without a folder of peers, all of them are absent", () => {
  const all = contestants(null, ["cpu"]);
  expect(all.filter((c) => c.absent === null).map((c) => c.group)).toEqual(["recurve"]);
});
