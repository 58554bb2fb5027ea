import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build, folderWith, recurve, root } from "./recurve.js";
import { broken, letters, wordRecords, words } from "./specs.js";

const folder = folderWith({ "letters.rcv": letters, "words.rcv": words, "words.jsonl": wordRecords });
const cwd = folder.path;
const run = (...args: string[]) => recurve(args, { cwd });
const kinds = (events: readonly Record<string, unknown>[]) => events.map(({ event }) => event);
const only = (events: readonly Record<string, unknown>[], kind: string) => events.filter(({ event }) => event === kind);

/** Presses Ctrl-C when a training has begun. */
const interrupt = (child: ChildProcess) => {
  const seen = (text: unknown) => {
    if (!String(text).includes('"event":"step"')) return;
    child.stdout?.off("data", seen);
    child.kill("SIGINT");
  };
  child.stdout?.on("data", seen);
};

beforeAll(build, 120_000);
afterAll(folder.remove);

describe.concurrent("check", () => {
  test("says what a spec is", async () => {
    const { code, stdout, stderr } = await run("check", "letters.rcv");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^letters: generator, H = 4\n/);
    expect(stdout).toContain("parameters: 44 numbers");
    expect(stdout).toMatch(/Wx +\[H = 4, Char = 3\]/);
    expect(stdout).toMatch(/over t < T, forward/);
  });

  test("as an event, with settings from outside", async () => {
    const { events } = await run("check", "letters.rcv", "--json", "-p", "H=7", "-p", "train.steps=5");
    expect(events()).toMatchObject([
      {
        event: "checked",
        model: "letters",
        topology: "generator",
        dims: { H: 7 },
        parameters: 3 * 7 + 7 * 7 + 3 * 7 + 7,
      },
    ]);
  });

  test("a vocabulary that comes from the data has no size yet", async () => {
    const { events } = await run("check", "words.rcv", "--json");
    const [checked] = only(events(), "checked");
    expect(checked).toMatchObject({ parameters: null, topology: "many-to-one" });
    expect(checked?.["params"]).toContainEqual({ name: "Wx", shape: [4, null], labels: ["H", "Char"], frozen: false });
  });

  test.each(broken)("%s: code, place, reason, exit 3", async (code, what, by) => {
    const source = letters.replace(what, by);
    expect(source).not.toBe(letters);
    const file = `${code}.rcv`;
    writeFileSync(join(cwd, file), source);
    const found = await run("check", file);
    expect(found.code).toBe(3);
    expect(found.stdout).toBe("");
    expect(found.stderr).toContain(`error[${code}]: `);
    expect(found.stderr).toMatch(new RegExp(`--> ${file}:\\d+:\\d+`));
    expect(found.stderr).toMatch(/\|.*\^/);
  });

  test("mistakes as events", async () => {
    writeFileSync(join(cwd, "two.rcv"), letters.replace("Wx @ y", "Vx @ y").replace("Wh @ h", "Vh @ h"));
    const { code, events, stderr } = await run("check", "two.rcv", "--json");
    const found = only(events(), "diagnostic");
    expect({ code, stderr, kinds: new Set(kinds(events())) }).toEqual({
      code: 3,
      stderr: "",
      kinds: new Set(["diagnostic"]),
    });
    expect(found.map(({ code }) => code)).toEqual(["unknown-name", "unknown-name"]);
    expect(found[0]).toMatchObject({ severity: "error", labels: [{ file: "two.rcv", line: 7, column: 21 }] });
  });
});

describe.concurrent("usage", () => {
  test.each([
    [[], /Usage: recurve/],
    [["chek", "letters.rcv"], /Did you mean check\?/],
    [["check"], /missing required argument 'specs'/],
    [["check", "letters.rcv", "--jsno"], /Did you mean --json\?/],
    [["check", "nowhere.rcv"], /there is no file nowhere\.rcv/],
    [["check", "letters.rcv", "-p", "H"], /key=value/],
    [["train", "letters.rcv", "--backend", "cuda"], /Allowed choices are auto, tensorflow, wasm, cpu/],
    [["train", "letters.rcv", "--seed", "x"], /whole number/],
    [["compile", "letters.rcv", "--emit", "sytsem"], /the stages are .*system.*after:/],
    [["generate", "runs/x", "--greedy", "--beam", "3"], /cannot be used with/],
    [["generate", "runs/x", "--top-p", "2"], /at most 1/],
  ])("%j: exit 2", async (args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test("help and version are data", async () => {
    const [help, version] = [await run("--help"), await run("--version")];
    expect(help).toMatchObject({ code: 0, stderr: "" });
    for (const verb of [
      "run",
      "check",
      "compile",
      "explain",
      "train",
      "eval",
      "predict",
      "generate",
      "fmt",
      "doctor",
    ]) {
      expect(help.stdout).toMatch(new RegExp(`^  ${verb} `, "m"));
    }
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    expect(version).toMatchObject({ code: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });

  test("a folder that holds no model: exit 4", async () => {
    const { code, stderr } = await run("eval", "nowhere", "--backend", "cpu");
    expect(stderr).toMatch(/nowhere is not a model folder/);
    expect(code).toBe(4);
  });
});

describe.concurrent("stages", () => {
  test.each(["ast", "equations", "system", "bptt", "program", "json", "model", "after:dce"])(
    "compile --emit %s",
    async (stage) => {
      const { code, stdout, stderr } = await run("compile", "letters.rcv", "--emit", stage);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain("Wh");
    },
  );

  test("explain --bptt has the adjoints, one product per step, and all gradients after the loops", async () => {
    const { stdout } = await run("explain", "letters.rcv", "--bptt");
    expect(stdout).toContain("dWh : [H, H] = sum[t](");
    expect(stdout).toMatch(/from 0 up +1 matrix product per step/);
    expect(stdout).toMatch(/from the end down +1 matrix product per step/);
    expect(stdout).toMatch(/after the loops[^\n]*\n# +Wx, Wh, Wo, b/);
  });

  test("fmt lays out, and a second time finds nothing to do", async () => {
    const loose = letters.replace(/^ {2}/gm, "      ").replace("dim H = 4", "dim   H = 4 # size");
    writeFileSync(join(cwd, "loose.rcv"), loose);
    expect(await run("fmt", "--check", "loose.rcv")).toMatchObject({ code: 3, stdout: "loose.rcv\n" });
    expect(readFileSync(join(cwd, "loose.rcv"), "utf8")).toBe(loose);
    expect(await run("fmt", "loose.rcv")).toMatchObject({ code: 0, stdout: "loose.rcv\n" });
    expect(readFileSync(join(cwd, "loose.rcv"), "utf8")).toBe(letters.replace("dim H = 4", "dim H = 4 # size"));
    expect(await run("fmt", "--check", "loose.rcv")).toMatchObject({ code: 0, stdout: "" });
  });
});

describe.concurrent("from a spec to a model", () => {
  const fast = ["--backend", "cpu"];

  test("run trains, evaluates and decodes; data on stdout, messages on stderr", async () => {
    const { code, stdout, stderr } = await run("run", "letters.rcv", "--out", "runs/people", ...fast);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^train: loss [\d.]+ {2}perplexity [\d.]+ {2}accuracy [\d.]+%\n[abc]{9}\n$/);
    expect(stderr).toMatch(/step 30\/30 {2}loss/);
    expect(stderr).not.toContain("\u001b");
  });

  test("run --json: the events in their order, nothing else", async () => {
    const { code, events } = await run("run", "letters.rcv", "--json", "--out", "runs/json", ...fast);
    const found = kinds(events()).filter((kind) => kind !== "step" && kind !== "epoch" && kind !== "saved");
    expect({ code, found }).toEqual({ code: 0, found: ["checked", "compiled", "evaluated", "sample", "done"] });
    const steps = only(events(), "step");
    expect(steps.length).toBe(30);
    expect(steps[29]).toMatchObject({ step: 30, steps: 30, loss: expect.any(Number), accuracy: expect.any(Number) });
    const [evaluated] = only(events(), "evaluated");
    expect(evaluated).toMatchObject({ split: "train", loss: expect.any(Number), perplexity: expect.any(Number) });
    expect(Math.exp(evaluated?.["loss"] as number)).toBeCloseTo(evaluated?.["perplexity"] as number, 3);
    expect(only(events(), "sample")).toMatchObject([{ output: { y: expect.stringMatching(/^[abc]{9}$/) } }]);
    expect(only(events(), "done")).toMatchObject([{ reason: "steps", step: 30, dir: "runs/json" }]);
  });

  test("the same seed gives the same losses, another gives others", async () => {
    const losses = async (...args: string[]) => {
      const { events } = await run("train", "letters.rcv", "--json", "-p", "train.steps=3", ...fast, ...args);
      return only(events(), "step").map(({ loss }) => loss);
    };
    const first = await losses("--out", "runs/a");
    expect(first.length).toBe(3);
    expect(await losses("--out", "runs/b", "--seed", "1")).toEqual(first);
    expect(await losses("--out", "runs/c", "--seed", "2")).not.toEqual(first);
  });

  test("train --resume goes on, with more steps where they are asked for", async () => {
    const train = (...args: string[]) => run("train", "letters.rcv", "--json", "--out", "runs/more", ...fast, ...args);
    await train("-p", "train.steps=4");
    const { events } = await train("-p", "train.steps=6", "--resume");
    expect(only(events(), "step").map(({ step }) => step)).toEqual([5, 6]);
    writeFileSync(join(cwd, "other.rcv"), letters.replace("0.1", "0.2"));
    const other = await run("train", "other.rcv", "--out", "runs/more", "--resume", ...fast);
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining("another text") });
  });

  test("eval and generate work on the folder", async () => {
    await run("train", "letters.rcv", "--out", "runs/letters", ...fast);
    const scored = await run("eval", "runs/letters", "--json", ...fast);
    expect(scored.events()).toMatchObject([{ event: "evaluated", split: "train", step: 30 }]);
    const text = await run("generate", "runs/letters", "--prefix", "abcab", "--length", "4", ...fast);
    expect(text).toMatchObject({ code: 0, stdout: expect.stringMatching(/^abcab[abc]{4}\n$/) });
    const hot = ["--count", "3", "--temperature", "20", "--seed", "5", "--json"];
    const many = await run("generate", "runs/letters", ...hot, ...fast);
    const samples = only(many.events(), "sample");
    expect(samples.length).toBe(3);
    expect(new Set(samples.map((sample) => JSON.stringify(sample["output"]))).size).toBeGreaterThan(1);
    expect((await run("generate", "runs/letters", ...hot, ...fast)).stdout).toBe(many.stdout);
    const beam = await run("generate", "runs/letters", "--beam", "2", "--length", "3", ...fast);
    expect(beam.stdout).toMatch(/^[abc]{3}\n$/);
  });

  test("predict reads JSON Lines and writes JSON Lines; a bad record: exit 4 with its line", async () => {
    const { code } = await run("train", "words.rcv", "--out", "runs/words", ...fast);
    expect(code).toBe(0);
    const predict = (input: string) => recurve(["predict", "runs/words", ...fast], { cwd, input });
    const good = await predict('{"w": "abc"}\n\n{"w": "cc"}\n');
    expect(good.stderr).toBe("");
    expect(good.events()).toMatchObject([
      { y: expect.stringMatching(/^(yes|no)$/), logp: expect.any(Number) },
      { y: expect.stringMatching(/^(yes|no)$/), logp: expect.any(Number) },
    ]);
    expect((await predict('{"word": "abc"}\n{"word": "cc"}\n')).stdout).toBe(good.stdout);
    expect(await predict('{"w": "abc"}\n{"w": 3}\n')).toMatchObject({
      code: 4,
      stdout: `${good.stdout.split("\n")[0]}\n`,
      stderr: expect.stringContaining("stdin:2: "),
    });
    expect(await predict("{w}\n")).toMatchObject({ code: 4, stderr: expect.stringMatching(/stdin:1: .*not JSON/) });
    const generated = await run("generate", "runs/words", ...fast);
    expect(generated).toMatchObject({ code: 2, stderr: expect.stringContaining("recurve predict") });
  });

  test("data that are not there: exit 4", async () => {
    writeFileSync(join(cwd, "lost.rcv"), words.replace("words.jsonl", "lost.jsonl"));
    const { code, stderr } = await run("train", "lost.rcv", "--out", "runs/lost", ...fast);
    expect(stderr).toMatch(/lost\.jsonl: there is no such file/);
    expect(code).toBe(4);
  });

  test("a training that diverges: exit 5", async () => {
    const wild = letters.replace("adam(lr = 0.1)", "sgd(lr = 1e38)").replace("tanh(", "(");
    writeFileSync(join(cwd, "wild.rcv"), wild);
    const { code, stderr } = await run("train", "wild.rcv", "--out", "runs/wild", ...fast);
    expect(stderr).toMatch(/training diverged at step \d+/);
    expect(code).toBe(5);
  });

  test("Ctrl-C stops after the step, saves, evaluates, exit 130; `train --resume` goes on and does the same", async () => {
    const args = ["run", "letters.rcv", "--json", "--out", "runs/stopped", "-p", "train.steps=1000000", ...fast];
    const stopped = await recurve(args, {
      cwd,
      started: interrupt,
    });
    const steps = only(stopped.events(), "step").length;
    expect(stopped.code).toBe(130);
    expect(steps).toBeGreaterThan(0);
    expect(only(stopped.events(), "evaluated")).toMatchObject([{ step: steps }]);
    expect(only(stopped.events(), "done")).toMatchObject([{ reason: "aborted", step: steps }]);
    expect(existsSync(join(cwd, "runs/stopped/params.safetensors"))).toBe(true);
    const again = await recurve(["train", ...args.slice(1), "--resume"], {
      cwd,
      started: interrupt,
    });
    expect(again.code).toBe(130);
    expect(only(again.events(), "step")[0]).toMatchObject({ step: steps + 1 });
    expect(only(again.events(), "evaluated").length).toBe(1);
  });

  test("Ctrl-C ends a verb that has nothing to save", async () => {
    await run("train", "words.rcv", "--out", "runs/waiting", ...fast);
    const waiting = await recurve(["predict", "runs/waiting", "-", ...fast], {
      cwd,
      open: true,
      started: (child) => setTimeout(() => child.kill("SIGINT"), 2500),
    });
    expect(waiting).toMatchObject({ code: null, stdout: "", stderr: "" });
  });

  test("a second Ctrl-C ends a training at once", async () => {
    const args = ["train", "letters.rcv", "--json", "--out", "runs/twice", "-p", "train.steps=1000000", ...fast];
    const ended = await recurve(args, {
      cwd,
      started: (child) => {
        interrupt(child);
        child.stderr?.on("data", (text) => String(text).includes("once more") && child.kill("SIGINT"));
      },
    });
    expect(ended.code).toBe(null);
    expect(only(ended.events(), "done")).toEqual([]);
  });
});

test("doctor says which backends work", async () => {
  const { code, events } = await run("doctor", "--json");
  expect(code).toBe(0);
  const [{ backends, versions } = {}] = events();
  expect(versions).toMatchObject({ node: process.versions.node, "tfjs-core": "4.22.0" });
  expect(backends).toContainEqual(expect.objectContaining({ backend: "wasm", works: true }));
  expect(backends).toContainEqual(expect.objectContaining({ backend: "cpu", works: true }));
});
