/** `recurve export` as a process. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build, folderWith, recurve } from "./recurve.js";
import { letters } from "./specs.js";

const folder = folderWith({ "letters.rcv": letters });
const cwd = folder.path;
const run = (...args: string[]) => recurve(args, { cwd });

beforeAll(async () => {
  build();
  const { code } = await run("train", "letters.rcv", "--out", "letters", "--backend", "wasm", "-q");
  expect(code).toBe(0);
}, 120_000);
afterAll(folder.remove);

describe.concurrent("export", () => {
  test("writes into the model folder, and says what", async () => {
    const { code, stdout, stderr } = await run("export", "letters", "--format", "tfjs-graph", "--length", "4");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /^letters\/tfjs-graph\n {2}model\.json +\d+ nodes +y → y\.logits\n {2}step\.json +\d+ nodes +/,
    );
    expect(stdout).toContain("h[-1], y[-1] → y.logits, h[-1].next");
    const json = JSON.parse(readFileSync(join(cwd, "letters/tfjs-graph/model.json"), "utf8"));
    expect(json).toMatchObject({ format: "graph-model", userDefinedMetadata: { recurve: { lengths: { T: 4 } } } });
  });

  test("as an event, elsewhere, for several records at a time, with further values", async () => {
    const more = ["--length", "T=3", "--batch", "2", "--values", "h", "--out", "web"];
    const { code, events } = await run("export", "letters", "--json", ...more);
    expect(code).toBe(0);
    expect(events()).toMatchObject([
      {
        event: "exported",
        model: "letters",
        format: "tfjs-graph",
        dir: "web",
        graphs: [
          { file: "model.json", inputs: ["y"], outputs: ["y.logits", "h"] },
          { file: "step.json", outputs: ["y.logits", "h[-1].next"] },
        ],
        stepless: {},
      },
    ]);
    const [event = {}] = events();
    expect(readdirSync(join(cwd, "web")).sort()).toEqual([...(event["files"] as string[])].sort());
  });

  test.each([
    [["--length", "0"], "It has to be a whole number from 1 on."],
    [[], "letters is unrolled at a length: give one for T"],
    [["--length", "3", "--values", "g"], "there is no value `g`"],
    [["--length", "S=3"], "there is no axis with a length of its own `S`"],
    [["--length", "3", "--format", "onnx"], "Allowed choices are tfjs-graph"],
  ])("%j: exit 2", async (args, message) => {
    const { code, stderr } = await run("export", "letters", "--out", "nowhere", ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(existsSync(join(cwd, "nowhere"))).toBe(false);
  });

  test("a folder without a model: exit 4", async () => {
    const { code, stderr } = await run("export", "none", "--length", "3");
    expect(code).toBe(4);
    expect(stderr).toContain("none is not a model folder");
  });
});
