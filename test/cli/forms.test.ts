/** The forms of a spec through the command line: JSON wherever a `.rcv` may stand, LaTeX, the picture, fmt. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readTex } from "../print/tex.js";
import { build, folderWith, recurve, root } from "./recurve.js";

const hello = readFileSync(join(root, "specs", "hello.rcv"), "utf8");
const folder = folderWith({ "hello.rcv": hello });
const run = (...args: string[]) => recurve(args, { cwd: folder.path });
const read = (name: string) => readFileSync(join(folder.path, name), "utf8");
const write = (name: string, text: string) => writeFileSync(join(folder.path, name), text);

beforeAll(async () => {
  build();
  write("hello.json", (await run("compile", "hello.rcv", "--emit", "json")).stdout);
}, 120_000);
afterAll(folder.remove);

test("a JSON spec trains, and its folder evaluates and generates as that of the text does", async () => {
  const quick = ["--backend", "cpu", "--json", "-p", "train.steps=20"];
  for (const form of ["rcv", "json"]) {
    const trained = await run("train", `hello.${form}`, "--out", form, ...quick);
    expect([trained.code, trained.events().at(-1)]).toEqual([0, expect.objectContaining({ event: "done" })]);
  }
  expect(readdirSync(join(folder.path, "json"))).toContain("spec.json");
  expect(read("json/spec.json")).toBe(read("hello.json"));
  const evaluated = await Promise.all(["rcv", "json"].map((dir) => run("eval", dir, "--backend", "cpu", "--json")));
  const losses = evaluated.map(({ events }) => events().find((e) => e["event"] === "evaluated")?.["loss"]);
  expect(losses[0]).toEqual(expect.any(Number));
  expect(losses[1]).toBe(losses[0]);
  const [a, b] = await Promise.all(["rcv", "json"].map((dir) => run("generate", dir, "--backend", "cpu")));
  expect(a?.code).toBe(0);
  expect(b?.stdout).toBe(a?.stdout);
}, 120_000);

test("check and explain say of both forms the same", async () => {
  for (const args of [["check"], ["explain", "--bptt"], ["compile", "--emit", "json"]]) {
    const [verb = "", ...rest] = args;
    const [text, json] = await Promise.all(["hello.rcv", "hello.json"].map((spec) => run(verb, spec, ...rest)));
    expect(text?.code).toBe(0);
    expect(json?.stdout).toBe(text?.stdout);
  }
}, 60_000);

test("a mistake in JSON is told with its line and its path", async () => {
  write("wrong.json", read("hello.json").replace('"name": "Why"', '"name": "Wyh"'));
  // it is read further down
  const line = read("wrong.json").slice(0, read("wrong.json").indexOf('"Why"')).split("\n").length;
  const shown = await run("check", "wrong.json");
  expect(shown.code).toBe(3);
  expect(shown.stderr).toMatch(new RegExp(`--> wrong\\.json:${line}:\\d+ \\(/items/0/body/\\d+/`));
  const [event] = (await run("check", "wrong.json", "--json")).events();
  expect(event).toMatchObject({
    event: "diagnostic",
    labels: [{ file: "wrong.json", line, path: expect.stringMatching(/^\/items\/0/) }],
  });
});

test("explain: LaTeX that TeX reads, a picture in comments", async () => {
  const latex = await run("explain", "hello.rcv", "--latex", "--bptt");
  expect(readTex(latex.stdout).rows).toBeGreaterThan(8);
  const { stdout } = await run("explain", "hello.rcv");
  expect(stdout).toMatch(/^# t ────▶ │ h .*↺ h\[t-1\]/m);
  expect(stdout).not.toContain("\u001b");
  const [event] = (await run("explain", "hello.rcv", "--json")).events();
  expect(event).toMatchObject({ event: "explained", picture: expect.stringContaining("t ────▶ │ h") });
});

test("fmt lays JSON out, and leaves alone what is no spec", async () => {
  write("tight.json", JSON.stringify(JSON.parse(read("hello.json"))));
  expect((await run("fmt", "--check", "tight.json")).code).toBe(3);
  expect((await run("fmt", "tight.json")).stdout).toBe("tight.json\n");
  expect(read("tight.json")).toBe(read("hello.json"));
  expect((await run("fmt", "--check", "tight.json")).code).toBe(0);
  const broken = read("hello.json").replace('"dim"', '"dimm"');
  write("broken.json", broken);
  const refused = await run("fmt", "broken.json");
  expect([refused.code, read("broken.json")]).toEqual([3, broken]);
  expect(refused.stderr).toContain("did you mean `dim`?");
});
