import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/compiler/index.js";
import { latex } from "../../src/compiler/print/latex.js";

const root = new URL("../../", import.meta.url);
const of = (path: string, stage: "equations" | "bptt"): string =>
  compile(readFileSync(new URL(path, root), "utf8"), { file: path }).print(stage);

it("an Elman network as a book would set it", () => {
  expect(latex(of("specs/hello.rcv", "equations"))).toBe(
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
])("%s", (line, expected) => {
  expect(latex(`${line}\n`)).toBe(`\\begin{align*}\n${expected}\n\\end{align*}\n`);
});

describe("environments and braces balance, and nothing is lost", () => {
  it.each(["hello", "moby-dick", "first-names", "addition", "dates", "digit-caption", "motion", "wave"])(
    "%s",
    (name) => {
      for (const stage of ["equations", "bptt"] as const) {
        const text = of(`specs/${name}.rcv`, stage);
        const set = latex(text);
        const count = (what: RegExp): number => set.match(what)?.length ?? 0;
        expect(count(/\{/g)).toBe(count(/\}/g));
        expect(count(/\\left/g)).toBe(count(/\\right/g));
        expect(count(/\\begin/g)).toBe(count(/\\end/g));
        const lines = text.split("\n").filter((line) => line.trim() && !line.trim().startsWith("#"));
        expect(count(/&=|&\\sim/g)).toBe(lines.length);
      }
    },
  );
});
