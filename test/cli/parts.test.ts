import { describe, expect, test } from "vitest";
import { duration, number, shape, table } from "../../src/cli/format.js";
import { Output, type Sink } from "../../src/cli/output.js";
import { Progress, scores } from "../../src/cli/progress.js";
import { positive, setting, unescaped, whole } from "../../src/cli/values.js";

describe("values of options", () => {
  test("settings are numbers, truth values or strings, and add up", () => {
    const all = ["H=256", "train.lr=1e-3", "a=true", "b=false", "c=adam", "d=x=y", "e="].reduce(
      (before, text) => setting(text, before),
      {},
    );
    expect(all).toEqual({ H: 256, "train.lr": 1e-3, a: true, b: false, c: "adam", d: "x=y", e: "" });
  });

  test.each(["H", "=3", ""])("%j is no setting", (text) => {
    expect(() => setting(text)).toThrow(/key=value/);
  });

  test.each(["1.5", "-1", "x", "", "1e99"])("%j is no whole number", (text) => {
    expect(() => whole(0)(text)).toThrow(/whole number/);
  });

  test.each(["0", "-2", "2", "NaN", "Infinity"])("%j is no probability", (text) => {
    expect(() => positive(1)(text)).toThrow(/above 0 and at most 1/);
  });

  test("a backslash names a newline, a tab, itself", () => {
    expect(unescaped("a\\nb\\tc\\\\n\\x")).toBe("a\nb\tc\\n\\x");
  });
});

describe("numbers for people", () => {
  test.each([
    [1.87149, "1.871"],
    [0.00001, "1.00e-5"],
    [1234567, "1.23e+6"],
    [0, "0"],
    [Number.NaN, "NaN"],
  ])("%d", (x, text) => {
    expect(number(x)).toBe(text);
  });

  test("durations, shapes, tables, scores", () => {
    expect([7.4, 750, 3723, -1].map(duration)).toEqual(["0:07", "12:30", "1:02:03", "0:00"]);
    expect(shape([128, 64, Number.NaN], ["H", "64", "V"])).toBe("[H = 128, 64, V]");
    expect(
      table([
        ["a", "b"],
        ["long", "c"],
      ]),
    ).toBe("  a     b\n  long  c");
    expect(scores({ loss: 1.5, exact_match: 0.5, exact_match_of: 2000, "y.accuracy": 0.25 })).toBe(
      "loss 1.5  exact match 50.0% of 2,000  y.accuracy 25.0%",
    );
  });
});

/** A stream that remembers. */
function sink(terminal: boolean, columns = 100): Sink & { text: string } {
  return {
    isTTY: terminal,
    columns,
    text: "",
    write(text) {
      this.text += text;
    },
  };
}

const step = (n: number) => ({
  event: "step" as const,
  step: n,
  epoch: 0,
  loss: 1,
  tokens_per_second: 1000,
  lr: 0.1,
  grad_norm: 1,
  steps: 100,
  seconds_left: 5,
});

describe("progress", () => {
  function show(
    terminal: boolean,
    options: { json?: boolean; quiet?: boolean; env?: Record<string, string>; columns?: number } = {},
  ) {
    const [stdout, stderr] = [sink(false), sink(terminal, options.columns)];
    const output = new Output(options, stdout, stderr, options.env ?? {});
    let time = 0;
    const progress = new Progress(output, true, () => time);
    for (let n = 1; n <= 100; n++) {
      progress.step(step(n));
      time += 200;
    }
    return stderr.text;
  }

  test("a terminal has one line that is written over and never wraps", () => {
    const text = show(true);
    expect(text.split("\r").length).toBe(101);
    expect(text).toContain("━━━━━━━━━━━━──");
    expect(text).not.toContain("\n");
    for (const columns of [20, 60, 100]) {
      for (const line of show(true, { columns }).split("\r"))
        expect(line.replace("\u001b[K", "").length).toBeLessThan(columns);
    }
  });

  test("elsewhere a line every ten seconds and the last", () => {
    const lines = show(false).trimEnd().split("\n");
    expect(lines.map((line) => line.split("  ")[0])).toEqual(["step 1/100", "step 51/100", "step 100/100"]);
    expect(lines[0]).toBe("step 1/100  loss 1.000  perplexity 2.718  1,000 tokens/s  0:05 left");
  });

  test("in CI a terminal is none; with -q there is nothing, with --json no plain lines", () => {
    expect(show(true, { env: { CI: "1" } })).toBe(show(false));
    expect(show(true, { quiet: true })).toBe("");
    expect(show(false, { json: true })).toBe("");
  });
});

test("colour is for terminals that want it", () => {
  const colors = (terminal: boolean, env: Record<string, string>) =>
    new Output({}, sink(terminal), sink(terminal), env).color.messages;
  expect(colors(true, {})).toBe(true);
  expect(colors(false, {})).toBe(false);
  for (const env of [{ NO_COLOR: "1" }, { CI: "true" }, { TERM: "dumb" }]) expect(colors(true, env)).toBe(false);
});
