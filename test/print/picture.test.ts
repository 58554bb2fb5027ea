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

it.each(["dates", "addition", "arithmetic-tree"])("no row of %s is wider than there is room", (name) => {
  const { program } = training(of(name));
  for (const width of [46, 60, 80, 120])
    for (const row of picture(program, { width }).split("\n")) expect([...row].length).toBeLessThanOrEqual(width);
});

it("what the spec has names for comes first", () => {
  const text = picture(training(of("addition")).program, { width: 120 });
  expect(text).toMatch(/^s ────▶ │ (ce, e|e, ce), /m);
  expect(text).toMatch(/^t ────▶ │ (cq, q|q, cq), /m);
});

it("levels of a tree", () => {
  expect(picture(scoring(of("arithmetic-tree")).program)).toMatch(/^n from the leaves up │/m);
});

it("a loop within a loop, and one over diagonals", () => {
  const two = (body: string): string => {
    const source = `model m {\n  axis t < T\n  axis u < U\n  input x[t]\n  input z[u]\n  random y\n  param a ~ constant(0.5)\n${body}\n}\n`;
    const compiled = compile(source);
    expect(compiled.diagnostics.filter((d) => d.severity === "error")).toEqual([]);
    return picture(scoring(compiled.model).program);
  };
  const cell = "  h[t,u] = tanh(a * h[t-1,u] + h[t,u-1] + x[t] * z[u])\n  h[-1,u] = 0\n  h[t,-1] = 0\n  h[-1,-1] = 0";
  expect(two(`${cell}\n  y ~ normal(h[T-1,U-1], 1)`)).toMatch(/^w of U×T ────▶ │ h .*↺ h\[w-1\]/m);
  const depth =
    "  h[t] = tanh(a * h[t-1] + g[t, U-1])\n  h[-1] = 0\n  g[t,u] = a * g[t,u-1] + z[u] * h[t-1]\n  g[t,-1] = x[t]";
  expect(two(`${depth}\n  y ~ normal(h[T-1], 1)`)).toMatch(/^t ────▶ .*\n {2}u ────▶ │ g .*↺ g\[u-1\]/m);
});
