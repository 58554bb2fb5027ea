import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/compiler/index.js";
import { latex } from "../../src/compiler/print/latex.js";
import { printExpr } from "../../src/compiler/syntax/print.js";
import { expr } from "../syntax/arbitrary.js";
import { readTex } from "./tex.js";

const root = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");

it("an Elman network as a book would set it", () => {
  expect(latex(compile(read("specs/hello.rcv")).print("equations"))).toBe(
    [
      "\\begin{align*}",
      "c_{t} &\\sim \\operatorname{categorical}\\left(\\mathit{Why} \\, h_{t} + \\mathit{by}\\right) \\\\",
      "c_{-1} &= \\text{``h''} \\\\",
      "h_{t} &= \\tanh\\left(\\mathit{Whh} \\, h_{t - 1} + \\mathit{Wxh} \\, c_{t - 1} + \\mathit{bh}\\right) \\\\",
      "h_{-1} &= 0",
      "\\end{align*}",
      "",
    ].join("\n"),
  );
});

it.each([
  ["y = a / (b + 1)", "y &= \\frac{a}{b + 1}"],
  ["y = (a + b) * c", "y &= \\left(a + b\\right) \\odot c"],
  ["y = 2 * a^2", "y &= 2 \\, a^{2}"],
  ["y[t] = W' @ x[t]", "y_{t} &= W^{\\top} \\, x_{t}"],
  ["y[t] = sum[s](a[t,s] * e[s])", "y_{t} &= \\sum_{s} a_{t,s} \\odot e_{s}"],
  ["y = if a < b then a else b", "y &= \\begin{cases} a & \\text{if } a < b \\\\ b & \\text{otherwise} \\end{cases}"],
  ["(h[t], c[t]) = enc(x[t])", "(h_{t}, c_{t}) &= \\operatorname{enc}\\left(x_{t}\\right)"],
  ["dh[t] = h[t]", "\\bar{h}_{t} &= h_{t}"],
  ["a_4 = dot(v, alpha)", "a^{(4)} &= v^{\\top} \\alpha"],
  ["y = -(a + b)", "y &= -\\left(a + b\\right)"],
  ["y = a - (b - c)", "y &= a - \\left(b - c\\right)"],
  ["y = -sum[t](a[t])", "y &= -\\sum_{t} a_{t}"],
  ["y = sum[t](a[t]) * b", "y &= \\left(\\sum_{t} a_{t}\\right) \\odot b"],
  ["y = b + sum[t](a[t]) + c", "y &= b + \\sum_{t} a_{t} + c"],
  ["y = sum[t](a[t] + b)", "y &= \\sum_{t} \\left(a_{t} + b\\right)"],
  ["y = a_1^2 + a_1'", "y &= {a^{(1)}}^{2} + {a^{(1)}}^{\\top}"],
  ["y = a_1[t]^2", "y &= {a^{(1)}_{t}}^{2}"],
  ["y = enc.W @ x.1", "y &= \\mathit{enc.W} \\, x^{(1)}"],
  ["y[n] = sum[k in kids(n)](h[k])", "y_{n} &= \\sum_{k \\in \\operatorname{kids}\\left(n\\right)} h_{k}"],
  [
    "dh[n] = sum[k: child(k) == n](dm[parent(k)])",
    "\\mathit{dh}_{n} &= \\sum_{k : \\operatorname{child}\\left(k\\right) = n} \\mathit{dm}_{\\operatorname{parent}\\left(k\\right)}",
  ],
  ["y[n] = only(a, n == root)", "y_{n} &= \\left[n = \\mathit{root}\\right] \\, a"],
  ["y = σ(α) * μ", "y &= \\sigma\\left(\\alpha\\right) \\odot \\mu"],
  ['y = "a_b\\n%"', "y &= \\text{``a\\_b\\textbackslash n\\%''}"],
])("%s", (line, expected) => {
  expect(latex(`${line}\n`)).toBe(`\\begin{align*}\n${expected}\n\\end{align*}\n`);
});

const specs = ["specs/", "test/samples/"].flatMap((folder) =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".rcv") && !/^(errors|std)/.test(name))
    .map((name) => folder + name),
);

describe("TeX can read it, and no equation is lost", () => {
  it.each(specs)("%s", (path) => {
    const compiled = compile(read(path), { file: path });
    for (const stage of ["equations", "bptt"] as const) {
      const lines = compiled
        .print(stage)
        .split("\n")
        .filter((line) => line.trim() && !line.trim().startsWith("#"));
      expect(readTex(latex(compiled.print(stage)))).toEqual({ rows: lines.length });
    }
  });

  it("whatever the expression", () => {
    fc.assert(
      fc.property(expr, (e) => {
        expect(readTex(latex(`y = ${printExpr(e)}\n`))).toEqual({ rows: 1 });
      }),
      { numRuns: 300 },
    );
  });

  it("and the reader is one that refuses", () => {
    for (const wrong of [
      "a^{2}^{3}",
      "a_{1}_{2}",
      "\\left(a",
      "a \\right)",
      "\\frac{a}",
      "{a",
      "a}",
      "\\oops",
      "\\text{a_b}",
      "a & b & c",
    ])
      expect(() => readTex(`\\begin{align*}\ny &= ${wrong}\n\\end{align*}\n`), wrong).toThrow();
  });
});
