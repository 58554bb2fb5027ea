/** The rules of the language one by one: what each accepts, and which diagnostic answers what it does not. */
import { describe, expect, test } from "vitest";
import { check } from "../../src/compiler/check/index.js";

/** The codes of what is said about a model with this body, in order. */
const codes = (body: string): string[] => check(`model m {\n${body}\n}`).diagnostics.map((d) => d.code);

type Cases = Readonly<Record<string, string>>;

/** `refused`: by what is wrong; a case starts with the code that answers it. */
function rule(name: string, accepted: Cases, refused: Cases = {}): void {
  describe(name, () => {
    for (const [what, body] of Object.entries(accepted)) test(`accepts ${what}`, () => expect(codes(body)).toEqual([]));
    for (const [what, body] of Object.entries(refused)) {
      const [code = "", ...words] = what.split(": ");
      test(`${words.join(": ")}: ${code}`, () => expect(codes(body)).toEqual([code]));
    }
  });
}

const vectors =
  "dim H = 3; dim K = 4; axis t < T; input x[t] : [H], y[t] : [K], z[t] : [H, H]; loss sum(x[t]) + sum(y[t]) + sum(z[t])";
const numbers = "axis t < T; input x[t]; loss h[t]";
const tokens = 'vocab V = ["aa", "b"]; axis t < T; input x[t] : V';
const drawn = 'vocab V = ["a", "b"]; axis t < T until y[t] == EOS; random y[t] : V; param Wo, bo; y[-1] = BOS';
const fields = "axis t < T; input x[t]; random y[t]";

rule(
  "R1 precedence, `'` is transpose, a line is a statement",
  {
    "`2 * Q @ h * x` as `2 * (Q @ h) * x`": `dim H = 3; axis t < T; input x[t] : [H]; param Q
      h[t] : [H] = 2 * Q @ h[t-1] * x[t]; h[-1] = 1; loss sum(h[t])`,
    "lines that go on after an operator or inside parentheses": `axis t < T; input x[t]
      h[t] = x[t] +
        (1
        + x[t])
      loss h[t]`,
  },
  {
    "unexpected-token: a `'` in a name": `${numbers}; h'[t] = x[t]`,
    "chained-comparison: two comparisons in a row": `${numbers}; h[t] = if 0 < x[t] < 1 then 1 else 0`,
    "continued-line: a line that starts with an operator": `${numbers}\nh[t] = x[t]\n+ 1`,
    "missing-operator: two equations on one line": `${numbers}; h[t] = x[t] g[t] = 1`,
  },
);

rule(
  "R2 vectors are columns",
  {
    "dot products, `u' @ v` and outer products": `${vectors}
      loss x[t] @ x[t] + x[t]' @ x[t] + sum(x[t] @ y[t]')`,
  },
  {
    "row-value: a row as a value": `${vectors}; r[t] = x[t]'`,
    "row-value: a row in a sum": `${vectors}; r[t] = x[t] + x[t]'`,
    "row-value: a vector times a matrix": `${vectors}; r[t] = x[t] @ z[t]`,
    "shape-mismatch: a dot product of different dims": `${vectors}; r[t] = x[t] @ y[t]`,
  },
);

rule(
  "R3 `[` is an index after a name and joins elsewhere",
  { "a scalar as one entry": `${vectors}; r[t] : [H + 1] = [x[t]; 1]; loss sum(r[t])` },
  {
    "shape-mismatch: a vector joined with a matrix": `${vectors}; r[t] = [x[t]; z[t]]`,
    "bad-arguments: commas between vectors": `${vectors}; r[t] = [x[t], x[t]]`,
  },
);

rule(
  "R4 axes by union, features equal or scalar",
  {
    "a scalar beside a vector, two axes": "axis t < T; axis s < S; input x[t], v[s] : [3]; loss sum(x[t] * v[s])",
    "a scalar for each entry of an argument": `dim H = 3; axis t < T; input x[t] : [2]; use std.cells (GRU); cell f = GRU(H)
      h[t] = f(x[t], 0); loss sum(h[t])`,
  },
  {
    "free-axis: an axis that the left side lacks": `${numbers}; axis s < S; input v[s]; h[t] = x[t] + v[s]`,
    "wrong-axis: an index over another axis": `${numbers}; axis s < S; input v[s]; h[t] = x[t] + v[t]`,
    "missing-index: fewer indices than axes":
      "axis t < T; dim L = 2; axis l < L; input x[t]; loss h[t, l]; h[t, l] = x[t] + h[t-1]; h[-1, l] = 0",
    "shape-mismatch: a scalar as an argument whose size nothing else tells": `dim H = 3; axis t < T; input x[t]
      use std.cells (GRU); cell f = GRU(H); h[t] = f(x[t], 0); loss sum(h[t])`,
    "shape-mismatch: vectors over different dims": `${vectors}; r[t] = x[t] + y[t]`,
    "shape-mismatch: a vector and a matrix": `${vectors}; r[t] = x[t] + z[t]`,
  },
);

rule(
  "R5 a parameter has the shape that its use tells",
  { "a matrix left of `@`, a vector in a sum": `${vectors}; param W, b; r[t] : [K] = W @ x[t] + b; loss sum(r[t])` },
  {
    "unknown-size: two matrices in a row": `${vectors}; param A, B; r[t] : [K] = A @ B @ x[t]; loss sum(r[t])`,
    "unknown-shape: a sum of entries": `${vectors}; param W; loss sum(W)`,
    "shape-mismatch: a number that is not the dim": `${vectors}; param W : [5, 4]; r[t] = W @ x[t]; loss sum(r[t])`,
  },
);

rule(
  "R6 a vector that is not only added says how it starts",
  { "a gain that starts at 1": `${vectors}; param g ~ constant(1), b; r[t] = g * x[t] + b; loss sum(r[t])` },
  {
    "missing-start: a gain without a start": `${vectors}; param g, b; r[t] = g * x[t] + b; loss sum(r[t])`,
    "bad-start: a start that does not exist": `${vectors}; param g ~ ones; r[t] = g * x[t]; loss sum(r[t])`,
    "bad-start: a matrix's start for a vector": `${vectors}; param g ~ orthogonal; r[t] = g * x[t]; loss sum(r[t])`,
    "bad-start: gates that do not divide": `${vectors}; param g ~ gates(0, 1); r[t] = g + x[t]; loss sum(r[t])`,
  },
);

rule(
  "R7 tokens are types, and one-hot vectors in arithmetic",
  {
    "comparing with a token, embedding": `${tokens}; param E : [3, V]; loss if x[t] == "b" then sum(E @ x[t]) else 0`,
  },
  {
    "unknown-token: a token that is not listed": `${tokens}; loss if x[t] == "ab" then 1 else 0`,
    "bad-argument: an order of tokens": `${tokens}; loss if x[t] < "aa" then 1 else 0`,
    "shape-mismatch: a token compared with a number": `${tokens}; loss if x[t] == 1 then 1 else 0`,
    "shape-mismatch: tokens of two vocabularies": `${tokens}; vocab W = ["c"]; input w[t] : W; loss if x[t] == w[t] then 1 else 0`,
  },
);

rule(
  "R8 bounds and indices are whole numbers",
  { "`div` and `mod`": "dim N = 5; axis t < N div 2; input x[t]; loss x[t] * (t mod 2)" },
  {
    "bad-constant: a bound that is no whole number": "dim N = 5; axis t < N / 2; input x[t]; loss x[t]",
    "bad-constant: an empty axis": "axis t < 0; input x[t]; loss x[t]",
    "bad-index: half an index": "axis t < T; input x[t]; loss x[t - 0.5]",
  },
);

rule(
  "R9 one namespace; binders scope over their parentheses",
  { "a binder that shadows": "axis s < S; input e[s]; loss e[s] / sum[s](e[s])" },
  {
    "duplicate-name: one name for two things": "axis t < T; input x[t]; param x; loss x[t]",
    "free-axis: a variable outside of its binder": "axis s < S; input e[s]; a = e[s] / sum[s](e[s]); loss a",
    "unknown-name: a binder of no axis": "axis s < S; input e[s]; loss sum[k](e[s])",
    "unknown-name: a softmax over no axis": "axis s < S; input e[s]; loss softmax[k](e[s])",
  },
);

rule(
  "R10 reductions of features, convolutions",
  {
    "means, softmax of a matrix, a convolution":
      "axis t < T; input x[t] : [8, 8, 2]; param F : [3, 3, 2, 4]; loss mean(softmax(x[t])) + max(conv2d(x[t], F))",
  },
  {
    "bad-argument: softmax of a number": "axis t < T; input x[t]; loss softmax(x[t])",
    "bad-argument: a kernel for other channels":
      "axis t < T; input x[t] : [8, 8, 1]; param F : [3, 3, 2, 4]; loss sum(conv2d(x[t], F))",
    "bad-arguments: an option that does not exist":
      "axis t < T; input x[t] : [8, 8, 1]; param F : [3, 3, 1, 4]; loss sum(conv2d(x[t], F, strid = 2))",
  },
);

rule(
  "R11 what is read outside of a domain has a clause",
  { "clauses before and after": `${numbers}; h[t] = x[t] + h[t-1]; h[-1] = 0; x[T] = 0; loss x[t+1]` },
  {
    "missing-boundary: no clause": `${numbers}; h[t] = x[t] + h[t-1]`,
    "missing-boundary: a step of two": `${numbers}; h[t] = x[t] + h[t-1] + h[t-2]; h[-1] = 0`,
    "missing-boundary: an input that ends": `${numbers}; h[t] = x[t+1]`,
    "overlapping-clauses: two clauses for one corner": `axis s < S; axis t < T; input x[s], y[t]
      D[s, t] = D[s-1, t-1] + x[s] * y[t]; D[-1, t] = 0; D[s, -1] = 0; loss D[S-1, T-1]`,
    "overlapping-clauses: one clause twice": `${numbers}; h[t] = x[t] + h[t-1]; h[-1] = 0; h[-1] = 1`,
    "bad-index: a part of the outside": `${numbers}; h[t] = x[t] + h[t-1]; h[t < -1] = 0`,
    "unused-clause: a clause that nothing reads": `${numbers}; h[t] = x[t] + h[t-1]; h[-1] = 0; h[T] = 0`,
  },
);

rule(
  "R12 every cycle steps along an axis in one direction",
  { "a step back in one of two": `${numbers}; h[t] = x[t] + g[t]; g[t] = h[t-1]; h[-1] = 0` },
  {
    "causal-cycle: no step": `${numbers}; h[t] = x[t] + g[t]; g[t] = h[t]`,
    "direction-conflict: both directions": `${numbers}; h[t] = x[t] + h[t-1] + h[t+1]; h[-1] = 0; h[T] = 0`,
    "constant-in-cycle: a fixed index": `${numbers}; h[t] = x[t] + h[0]`,
    "constant-in-cycle: all of itself": `${numbers}; axis s < T; h[t] = x[t] + sum[s](h[s])`,
    "constant-in-cycle: wherever the data says": `${numbers}; input p[t] : t; h[t] = x[t] + h[p[t]]`,
    "direction-conflict: (−1, +1) and (+1, −1)": `axis s < S; axis t < T; input x[s], y[t]; loss D[S-1, T-1]
      D[s, t] = D[s-1, t+1] + D[s+1, t-1] + x[s] * y[t]
      D[s, -1] = 0; D[s, T] = 0; D[-1, t] = 0; D[S, t] = 0; D[-1, T] = 0; D[S, -1] = 0`,
  },
);

rule(
  "R13 the length of an axis is declared or comes from the data",
  { "a declared length": "dim L = 2; axis l < L; param w : [] ~ constant(1); h[l] = w * h[l-1]; h[-1] = 1; loss h[l]" },
  {
    "unbound-axis: a forgotten `dim`":
      "axis l < L; param w : [] ~ constant(1); h[l] = w * h[l-1]; h[-1] = 1; loss h[l]",
    "wrong-kind: the length of an axis as a size": "axis t < T; input x[t] : [T]; loss sum(x[t])",
  },
);

rule(
  "R14 losses, weights and metrics are numbers",
  { "a weighted draw and a loss": `${fields}; y[t] ~ normal(x[t], 1) weight x[t]; loss x[t]^2; metric m1 = x[t]` },
  {
    "bad-argument: a vector as a loss": "axis t < T; input x[t] : [3]; loss x[t]",
    "bad-argument: a vector as a weight": `${fields}; input v[t] : [3]; y[t] ~ normal(x[t], 1) weight v[t]`,
    "free-axis: a weight over another axis": `${fields}; axis s < S; input v[s]; y[t] ~ normal(x[t], 1) weight v[s]`,
    "no-objective: nothing to learn from": "axis t < T; input x[t]; h[t] = x[t]",
  },
);

rule(
  "R15 noise has constant parameters",
  { "noise along an axis": `${numbers}; noise e[t] ~ normal(0, 1); h[t] = x[t] * e[t]` },
  {
    "bad-distribution: noise of another kind": `${numbers}; noise e[t] ~ gamma(1); h[t] = x[t] * e[t]`,
    "not-constant: noise that depends on the data": `${numbers}; noise e[t] ~ normal(x[t], 1); h[t] = x[t] * e[t]`,
  },
);

rule(
  "R16 state is carried forward only",
  { "a recurrence forward": `${numbers}; h[t] = x[t] + h[t-1]; h[-1] = 0; train { truncate(5, carry) }` },
  {
    "carry-impossible: a recurrence backward": `${numbers}; h[t] = x[t] + h[t+1]; h[T] = 0; train { truncate(5, carry) }`,
    "carry-impossible: the last value": `${numbers}; h[t] = x[t]; loss x[T-1]; train { truncate(5, carry) }`,
    "carry-impossible: the length": `${numbers}; h[t] = x[t] / T; train { truncate(5, carry) }`,
    "block-out-of-range: windows of nothing": `${numbers}; h[t] = x[t]; train { truncate(0, carry) }`,
  },
);

rule(
  "R17 `until` names a token of a random; UNK is what a vocabulary leaves out",
  { "EOS and BOS": `${drawn}; y[t] ~ categorical(Wo @ y[t-1] + bo)` },
  {
    "unknown-token: UNK where nothing is left out": `${drawn}; y[t] ~ categorical(Wo @ y[t-1] + bo); loss if y[t] == UNK then 1 else 0`,
    "bad-until: an end that an input would give":
      `${tokens} until x[t] == EOS; loss if x[t] == "b" then 1 else 0`.replace(
        "axis t < T; input x[t] : V until x[t] == EOS",
        "axis t < T until x[t] == EOS; input x[t] : V",
      ),
  },
);

rule(
  "R18 an open axis ends, and its length is not needed before",
  { "the length in a loss": `${drawn}; y[t] ~ categorical(Wo @ y[t-1] + bo); loss t / T` },
  {
    "open-end: nothing ends it": `${drawn.replace(" until y[t] == EOS", "")}; y[t] ~ categorical(Wo @ y[t-1] + bo)`,
    "open-length: the length in its own loop": `${drawn}; y[t] ~ categorical(Wo @ y[t-1] * (t / T) + bo)`,
    "open-length: from the end to the start": `${drawn.replace("y[-1] = BOS", "y[T] = EOS")}; y[t] ~ categorical(Wo @ y[t+1] + bo)`,
  },
);

rule(
  "R19 randoms are drawn once, in the order of their dependencies",
  { "one after the other": `${fields}, z[t]; y[t] ~ normal(x[t], 1); z[t] ~ normal(y[t], 1)` },
  {
    "read-before-draw: its own value": `${drawn.replace("; y[-1] = BOS", "")}; y[t] ~ categorical(Wo @ y[t] + bo)`,
    "read-before-draw: each other": `${fields}, z[t]; y[t] ~ normal(z[t] + x[t], 1); z[t] ~ normal(y[t], 1)`,
    "undrawn-random: no distribution": `${fields}, z[t]; y[t] ~ normal(x[t], 1)`,
    "bad-distribution: a deviation of 0": `${fields}; y[t] ~ normal(x[t], 0)`,
    "bad-distribution: a probability above 1": `${fields}; y[t] ~ bernoulli(p = 2) weight x[t]`,
    "bad-distribution: no interval": `${fields}; y[t] ~ uniform(1, -1) weight x[t]`,
    "drawn-twice: two distributions": `${fields}; y[t] ~ normal(x[t], 1); y[t] ~ normal(x[t], 2)`,
    "not-random: no declaration": "axis t < T; input x[t]; y[t] ~ normal(x[t], 1)",
    "partial-draw: at one index only": `${fields}; y[0] ~ normal(x[0], 1)`,
  },
);

rule(
  "R21 viterbi is asked for by name",
  { "a random whose own past is all": `${drawn}; y[t] ~ categorical(Wo @ y[t-1] + bo); decode { viterbi }` },
  { "block-arguments: with an argument": `${drawn}; y[t] ~ categorical(Wo @ y[t-1] + bo); decode { viterbi(3) }` },
);

rule(
  "R22 the branches of an `if` have one shape",
  { "a number beside a vector": `${vectors}; r[t] = if t == 0 then 0 else x[t]; loss sum(r[t])` },
  {
    "shape-mismatch: a vector and a matrix": `${vectors}; r[t] = if t == 0 then x[t] else z[t]`,
    "shape-mismatch: a vector as the condition of numbers": `${vectors}; loss if x[t] then 1 else 0`,
  },
);

rule(
  "what is not in the language is said by name",
  {},
  {
    "not-in-language: statistics of a batch": "axis t < T; input x[t] : [3]; loss sum(batchnorm(x[t]))",
    "not-in-language: the axis of a batch": "axis t < T; input x[t] : [3]; loss sum(mean[batch](x[t]))",
    "not-in-language: an axis as long as the batch":
      "axis t < T; axis b < batch_size; input x[t]; param w : [] ~ constant(1); m[b] = w; loss x[t] + sum[b](m[b])",
    "not-in-language: a tree that grows": "tree n until w[n] == 0; input w[n]; loss w[n]",
    "not-in-language: a vocabulary for each sample":
      "axis t < T; vocab W[t]; input x[t] : W; param E; loss sum(E @ x[t])",
    "not-in-language: a vocabulary for each sample, in words":
      "axis t < T; vocab W per sample; input x[t] : W; param E; loss sum(E @ x[t])",
  },
);
