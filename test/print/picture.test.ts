import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { placeholders } from "../../src/compiler/check/index.js";
import { compile } from "../../src/compiler/index.js";
import { picture } from "../../src/compiler/print/picture.js";
import { scoring, training } from "../../src/compiler/programs.js";

const root = new URL("../../", import.meta.url);
const of = (name: string) => {
  const { model } = compile(readFileSync(new URL(`specs/${name}.rcv`, root), "utf8"), { file: `${name}.rcv` });
  return model.unsized.length ? placeholders(model) : model;
};

it("a loop forwards and one backwards, and what is around them", () => {
  const rows = picture(training(of("hello")).program)
    .trimEnd()
    .split("\n");
  const places = rows.map((r) => r.split("│")[0]?.trim());
  expect(places).toEqual(["before", "t ────▶", "between", "t ◀────", "after"]);
  expect(rows[1]).toMatch(/│ h .*↺ h\[t-1\] .*1 product a step$/);
  expect(rows[3]).toMatch(/↺ dh\w*\[t\+1\] .*1 product a step$/);
});

it("no row is wider than there is room", () => {
  for (const width of [60, 80, 120])
    for (const row of picture(training(of("dates")).program, { width }).split("\n"))
      expect([...row].length).toBeLessThanOrEqual(width);
});

it("levels of a tree", () => {
  expect(picture(scoring(of("arithmetic-tree")).program)).toMatch(/^n from the leaves up │/m);
});
