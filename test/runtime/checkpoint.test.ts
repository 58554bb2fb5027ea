import { cpSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { instantiate, load, ModelFolderError } from "../../src/runtime/index.js";
import { compiled, folder, tags } from "./support/specs.js";

const good = join(folder, "good");

beforeAll(async () => {
  const network = await instantiate(compiled(tags, { H: 6, "train.epochs": 1 }), { backend: "cpu", seed: 9 });
  await network.fit(null, { dir: good });
  network.dispose();
});

/** A copy that a test may damage. */
let copies = 0;
function copy(): string {
  const dir = join(folder, `copy ${++copies}`);
  cpSync(good, dir, { recursive: true });
  return dir;
}

const edit = (dir: string, change: (state: Record<string, unknown>) => unknown): void => {
  const path = join(dir, "state.json");
  writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, "utf8")))));
};

describe("model folders", () => {
  it("hold the spec, the parameters, the optimiser and the state, and nothing temporary", () => {
    expect(readdirSync(good).sort()).toEqual(["optimizer.safetensors", "params.safetensors", "spec.rcv", "state.json"]);
    expect(readFileSync(join(good, "spec.rcv"), "utf8")).toBe(tags);
    const state = JSON.parse(readFileSync(join(good, "state.json"), "utf8"));
    expect(state).toMatchObject({ model: "tags", seed: 9, progress: { step: 6, epoch: 1 }, spec: { set: { H: 6 } } });
    expect(state.vocabularies.In).toEqual(["a", "b", "c"]);
  });

  it("bring everything back: overrides, vocabularies, seed, predictions", async () => {
    const again = await load(good, { backend: "cpu" });
    expect(again.seed).toBe(9);
    expect(again.params()["Wh"]?.shape).toEqual([6, 6]);
    expect(again.model.vocabularies["In"]).toEqual(["a", "b", "c"]);
    const [guess] = await again.decode([{ x: "abca" }]);
    expect(Object.keys(guess ?? {})).toEqual(["y", "logp"]);
    again.dispose();
  });

  it("can be copied with what the spec reads, and what is set from outside wins", async () => {
    const dir = copy();
    const again = await load(dir, { backend: "cpu", set: { "train.epochs": 2 } });
    expect(again.config.train.epochs).toBe(2);
    // the data file is found relative to the spec, wherever the folder stands beside it
    expect((await again.fit()).step).toBe(12);
    again.dispose();
  });

  it("a second save replaces the first", async () => {
    const dir = copy();
    const again = await load(dir, { backend: "cpu" });
    await again.step([{ x: "ab", y: "aa" }]);
    await again.save(dir);
    const third = await load(dir, { backend: "cpu" });
    expect(third.params()).toEqual(again.params());
    expect(third.progress.step).toBe(7);
    again.dispose();
    third.dispose();
  });

  it.each<[string, RegExp, (dir: string) => void]>([
    ["no folder", /is not a model folder/, (dir) => rmSync(dir, { recursive: true })],
    ["a folder of something else", /is not a model folder/, (dir) => rmSync(join(dir, "state.json"))],
    ["a missing file", /params\.safetensors is missing/, (dir) => rmSync(join(dir, "params.safetensors"))],
    ["a cut file", /params\.safetensors does not belong/, (dir) => truncateSync(join(dir, "params.safetensors"), 40)],
    ["a changed spec", /spec\.rcv does not belong/, (dir) => writeFileSync(join(dir, "spec.rcv"), `${tags}\n`)],
    ["a state that is no JSON", /is not JSON/, (dir) => truncateSync(join(dir, "state.json"), 30)],
    ["a state that lacks something", /progress/, (dir) => edit(dir, ({ progress: _, ...rest }) => rest)],
    ["a later version", /later version/, (dir) => edit(dir, (state) => ({ ...state, version: 99 }))],
    ["an earlier version", /earlier version.*train again/, (dir) => edit(dir, (state) => ({ ...state, version: 1 }))],
    ["the state of another optimiser", /lacks k/, (dir) => edit(dir, (state) => ({ ...state, counters: {} }))],
    [
      "files of two saves",
      /does not belong/,
      (dir) => cpSync(join(dir, "optimizer.safetensors"), join(dir, "params.safetensors")),
    ],
    ["another model's state", /does not compile/, (dir) => edit(dir, (state) => ({ ...state, model: "other" }))],
  ])("refuses %s with a reason", async (_, reason, damage) => {
    const dir = copy();
    damage(dir);
    const loading = load(dir, { backend: "cpu" });
    await expect(loading).rejects.toBeInstanceOf(ModelFolderError);
    await expect(loading).rejects.toThrow(reason);
    await loading.catch((e: ModelFolderError) => expect(e.exitCode).toBe(4));
  });

  it("parameters of another size than the spec's are refused", async () => {
    const loading = load(good, { backend: "cpu", set: { H: 7 } });
    await expect(loading).rejects.toThrow(/do not fit the spec: Wx is \[7,3\]/);
  });

  it("a save that fails leaves the folder as it was", async () => {
    const dir = copy();
    const again = await load(dir, { backend: "cpu" });
    await again.step([{ x: "ab", y: "aa" }]);
    // a folder stands where the staged file of the optimiser would be written
    const blocked = join(dir, ".optimizer.safetensors.next");
    cpSync(good, blocked, { recursive: true });
    await expect(again.save(dir)).rejects.toThrow();
    expect(existsSync(join(dir, ".params.safetensors.next"))).toBe(false);
    const third = await load(dir, { backend: "cpu" });
    expect(third.progress.step).toBe(6);
    again.dispose();
    third.dispose();
  });

  it.each([
    ["before the commit", ["state.json", "params.safetensors", "optimizer.safetensors"], 6],
    ["after the commit", ["params.safetensors", "optimizer.safetensors"], 7],
    ["between two renames", ["optimizer.safetensors"], 7],
  ])("a crash %s loses nothing", async (_, uncommitted, step) => {
    const dir = copy();
    const again = await load(dir, { backend: "cpu" });
    const before = again.params();
    await again.step([{ x: "ab", y: "aa" }]);
    const after = again.params();
    const next = copy();
    await again.save(next);
    again.dispose();
    // what the folder looks like if the process dies there: some files are new, the others still staged
    for (const name of ["state.json", "params.safetensors", "optimizer.safetensors"])
      cpSync(join(next, name), join(dir, uncommitted.includes(name) ? `.${name}.next` : name));
    const third = await load(dir, { backend: "cpu" });
    expect(third.progress.step).toBe(step);
    expect(third.params()).toEqual(step === 6 ? before : after);
    third.dispose();
  });
});
