/** Broken specs and what is said about them: `errors/NAME.rcv` and its golden `errors/NAME.txt`. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { check } from "../../src/compiler/check/index.js";
import { render } from "../../src/compiler/diagnostics/render.js";

const folder = new URL("./errors/", import.meta.url);
const names = readdirSync(folder)
  .filter((f) => f.endsWith(".rcv"))
  .map((f) => f.slice(0, -".rcv".length));

const read = (name: string): string => readFileSync(new URL(`${name}.rcv`, folder), "utf8");

describe("diagnostics", () => {
  test.each(names)("%s", async (name) => {
    const text = read(name);
    const { diagnostics, models, sources } = check(text);
    expect(diagnostics.length).toBeGreaterThan(0);
    expect(models.length).toBe(diagnostics.some((d) => d.severity === "error") ? 0 : 1);
    for (const d of diagnostics) {
      expect(d.code).toMatch(/^[a-z]+(-[a-z]+)*$/);
      for (const l of d.labels) {
        const file = l.file === undefined ? text : (sources.get(l.file) as string);
        expect(l.span.start).toBeLessThan(l.span.end);
        expect(l.span.end).toBeLessThanOrEqual(file.length);
      }
    }
    const rendered = render(diagnostics, { main: { file: `${name}.rcv`, text }, others: sources });
    await expect(rendered).toMatchFileSnapshot(new URL(`${name}.txt`, folder).pathname);
  });

  test("every golden has its spec", () => {
    for (const f of readdirSync(folder)) expect(existsSync(new URL(f.replace(/\.txt$/, ".rcv"), folder)), f).toBe(true);
  });
});

/** A spec with everything in it, to be broken at random. */
const whole = `
cell Own(x : [X], h : [H]) -> h1 : [H] {
  param W : [H, X], U : [H, H] ~ orthogonal
  h1 = tanh(W @ x + U @ h)
}
model m : seq2seq {
  use std.cells (LSTM)
  vocab Src; vocab Tgt = ["a", "b"]
  dim E = 4; dim H = 2*E
  scale = 0.5
  axis s < S; axis t < T until y[t] == EOS
  input x[s] : Src, v[s] : [E]
  random y[t] : Tgt, z
  noise e[t] : [H] ~ bernoulli(0.9)
  param Ex : [E, Src], Wq, We, u : [H], Wo, bo, a : [] ~ constant(1)
  cell enc = LSTM(H); cell dec = Own(H)
  (h[s], c[s]) = enc([Ex @ x[s]; v[s]], h[s-1], c[s-1]); h[-1] = 0; c[-1] = 0
  q[t] = dec(y[t-1], q[t-1]) * e[t]; q[-1] = h[S-1]; y[-1] = BOS
  w[t,s] = softmax[s](dot(u, tanh(Wq @ q[t] + We @ h[s])))
  g[t] = sum[s](w[t,s] * h[s])
  (l[t], r[t]) = split(dropout(g[t], p = 0.1), 2)
  y[t] ~ categorical(Wo @ [q[t]; l[t] + r[t]] + bo) weight if t == 0 then 2 else 1
  z ~ normal(a * sum(q[T-1]), exp(scale))
  loss 0.01 * sum(We ^ 2)
  metric size = norm(q[t])
  train { optimizer = adam(lr = 0.1), steps = 10 }
}`;

describe("robustness", () => {
  test("the spec that is broken below is right", () => {
    expect(check(whole).diagnostics).toEqual([]);
  });

  test("a spec broken anywhere is told what is wrong with it, and never throws", () => {
    const tokens = whole.match(/\s+|[A-Za-z_]\w*|\d+(\.\d+)?|"[^"]*"|./g) as string[];
    const words = [...new Set(tokens.filter((w) => w.trim()))];
    const edit = fc.record({
      at: fc.nat(tokens.length - 1),
      what: fc.constantFrom("drop", "replace", "insert", "swap"),
      word: fc.constantFrom(...words),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const copy = [...tokens];
        for (const { at, what, word } of edits) {
          if (what === "drop") copy[at] = "";
          else if (what === "replace") copy[at] = word;
          else if (what === "insert") copy[at] = `${copy[at]} ${word} `;
          else [copy[at], copy[(at + 2) % copy.length]] = [copy[(at + 2) % copy.length] as string, copy[at] as string];
        }
        const { diagnostics, models } = check(copy.join(""));
        expect(models.length === 0).toBe(
          diagnostics.some((d) => d.severity === "error") || !copy.join("").includes("model"),
        );
      }),
      { numRuns: Number(process.env["FUZZ_RUNS"] ?? 100) },
    );
  }, 120_000);
});
