import { describe, expect, it } from "vitest";
import * as kinds from "../../src/compiler/diagnostics/syntax.js";
import { maxMistakes, parse } from "../../src/compiler/syntax/parse.js";

/** One mistake in a model's body: the code it gets, and the text under each label, the main one first. */
const inBody: readonly (readonly [source: string, code: string, ...marked: string[]])[] = [
  ["a = 3 § 4", "unknown-character", "§"],
  ["a = “x”", "unknown-character", "“"],
  ['c = "abc', "unterminated-string", '"abc'],
  ['c = "a\\qb"', "bad-escape", "\\q"],
  ["a = 1e999", "number-too-large", "1e999"],
  ["a = 2 ** 3", "foreign-operator", "**"],
  ["h[t] := 3", "foreign-operator", ":="],
  ["a = b // c", "foreign-comment", "// c"],
  ["a = (b + c", "unclosed-bracket", "("],
  ["a = b + c)", "unopened-bracket", ")"],
  ["a = f(b]", "mismatched-bracket", "]", "("],
  [`a = ${"(".repeat(101)}b${")".repeat(101)}`, "nesting-too-deep", "("],
  ["axis t", "unexpected-token", ""],
  ["s[t] += x[t]", "unexpected-token", "+"],
  ["f(x) = 3", "unexpected-token", "("],
  ["W @ h = 3", "unexpected-token", "@"],
  ["param W U", "unexpected-token", "U"],
  ["a = if b then c", "unexpected-token", ""],
  ["if a then b = c else d = e", "unexpected-token", "if"],
  ["loss = e", "unexpected-token", "="],
  ["cell enc : LSTM(H)", "unexpected-token", ":"],
  ["greedy", "unexpected-token", ""],
  ["train { optimizer = adam(lr = ), steps = 3 }", "missing-value", ")"],
  ["a = b + ", "missing-value", ""],
  ["a = x[1:3]", "unexpected-token", ":"],
  ["a = x[:3]", "unexpected-token", ":"],
  ["a = b * / c", "missing-value", "/"],
  ["h[t] = W h[t-1]", "missing-operator", "h", "W"],
  ["a = 2 b", "missing-operator", "b", "2"],
  ["a = f(b c)", "missing-operator", "c", "b"],
  ["train { steps 4 }", "missing-operator", "4", "steps"],
  ["a = b\n+ c", "continued-line", "+"],
  ["a = b\nthen c", "continued-line", "then"],
  ["dim model = 3", "reserved-word", "model"],
  ["h = loss + 1", "reserved-word", "loss"],
  ["input[t] = 3", "reserved-word", "input"],
  ["param W, cell", "reserved-word", "cell"],
  ["dim toString = 3", "inherited-name", "toString"],
  ["param W, constructor, constructor", "inherited-name", "constructor"],
  ["h[t] = W @ __proto__[t-1]", "inherited-name", "__proto__"],
  ["axis div < T", "reserved-word", "div"],
  ["for t in range(3)", "foreign-statement", "for"],
  ["let a = 3", "foreign-statement", "let"],
  ["parm W", "foreign-statement", "parm"],
  ["import x", "foreign-statement", "import"],
  ["def f(x) { y = x }", "foreign-statement", "def"],
  ["a == 4", "compare-for-define", "=="],
  ["y = if a = b then c else d", "define-for-compare", "="],
  ["axis s < S until y[s] = EOS", "define-for-compare", "="],
  ["a = b = c", "define-for-compare", "="],
  ["a = f(x + b = c)", "define-for-compare", "="],
  ["require 1 < n < 3", "chained-comparison", "<", "<"],
  ["a = (b + c)[t]", "not-indexable", "[", ")"],
  ["a = f(x)[0]", "not-indexable", "[", ")"],
  ["a = h[k in kids(n)]", "binder-without-reduction", "k in kids(n)"],
  ["vocab Char = [h, e]", "vocab-not-strings", "h"],
  ['vocab Char = "he"', "vocab-not-strings", '"he"'],
  ["h[t] : [.., H] = 3", "open-shape-order", ".."],
  ["cell F(x) -> y { model b { a = 3 } }", "misplaced-statement", "b"],
  ["cell F(x) -> y { train { steps = 3 } }", "misplaced-statement", "train"],
  ["cell F(x) -> y { random z[t] }", "misplaced-statement", "random z[t]"],
  ["cell F(x) -> y { z ~ normal(0, 1) }", "misplaced-statement", "z ~ normal(0, 1)"],
];

function read(source: string) {
  return parse(source).diagnostics.map(({ code, labels }) => [
    code,
    ...labels.map(({ span }) => source.slice(span.start, span.end)),
  ]);
}

describe("each mistake is called by its name, at its place", () => {
  it.each(inBody)("%s", (source, ...expected) => {
    const [first, ...more] = read(`model m {\n${source}\n}`);
    expect(first).toEqual(expected);
    expect(more.filter(([code]) => code !== expected[0])).toEqual([]);
  });

  it("outside a model", () => {
    expect(read("dim H = 3\nh[t] = 4\nmodel m { a = 3 }\nloss 3")).toEqual([
      ["misplaced-statement", "dim H = 3"],
      ["misplaced-statement", "loss 3"],
    ]);
  });

  it("covers every kind of diagnostic", () => {
    const covered = new Set<string>([...inBody.map(([, code]) => code), "too-many-errors"]);
    const all = Object.values(kinds).map((make) => codeOf(make as unknown as (facts: Facts) => { code: string }));
    expect(all.filter((code) => !covered.has(code))).toEqual([]);
  });
});

/** Facts that every definition can word something from. */
type Facts = Readonly<Record<string, unknown>>;
function codeOf(make: (facts: Facts) => { code: string }): string {
  const span = { start: 0, end: 0 };
  const anything = { span, left: span, right: span, first: span, second: span, open: span, close: span, bracket: "(" };
  return make(anything).code;
}

describe("several mistakes", () => {
  it("are all reported, in order, and the rest is read", () => {
    const source = `
model m {
  dim H = 3
  a = b c
  h[t] = tanh(W @ h[t-1]) + b
  for x
  train { steps 4, seed = 1 }
  z = (a + b
  h[-1] = 0
}
model n : { a = 3 }
cell F(x -> y { y = x }
cell G(x) -> y { y = x x; z = 2 }
`;
    const { file, diagnostics } = parse(source);
    expect(diagnostics.map(({ code }) => code)).toEqual([
      "missing-operator",
      "foreign-statement",
      "missing-operator",
      "unclosed-bracket",
      "unexpected-token",
      "unclosed-bracket",
      "missing-operator",
    ]);
    const kept = file.items.map((item) => [item.kind, "body" in item ? item.body.map(({ kind }) => kind) : []]);
    expect(kept[0]).toEqual(["model", ["dim", "equation", "block", "equation", "equation"]]);
    expect(kept.at(-1)).toEqual(["cell", ["equation"]]);
  });

  it("end after a limit", () => {
    const { diagnostics } = parse(`model m {\n${"a = b c\n".repeat(500)}}`);
    expect(diagnostics).toHaveLength(maxMistakes + 1);
    expect(diagnostics.at(-1)?.code).toBe("too-many-errors");
  });
});
