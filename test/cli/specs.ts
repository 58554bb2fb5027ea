/** Tiny specs, and ways to break one. */

export const letters = `model letters {
  vocab Char = ["a", "b", "c"]
  dim H = 4
  axis t < T
  random y[t] : Char
  param Wx, Wh, Wo, b
  h[t] : [H] = tanh(Wx @ y[t-1] + Wh @ h[t-1] + b)
  h[-1] = 0
  y[-1] = "a"
  y[t] ~ categorical(Wo @ h[t])
  data { train = literal("abcabcabc") }
  train { optimizer = adam(lr = 0.1), steps = 30, seed = 1 }
  decode { greedy, max = 9 }
}
`;

/** Says whether a word begins like it ends. */
export const words = `model words {
  vocab Char
  vocab Answer = ["no", "yes"]
  dim H = 4
  axis t < T
  input w[t] : Char
  random y : Answer
  param Wx, Wh, Wo, b, bo
  h[t] : [H] = tanh(Wx @ w[t] + Wh @ h[t-1] + b)
  h[-1] = 0
  y ~ categorical(Wo @ h[T-1] + bo)
  data { train = jsonl("words.jsonl"), w = chars(word), y = answer }
  train { optimizer = adam(lr = 0.05), batch = 4, epochs = 3, seed = 1 }
}
`;

export const wordRecords = ["aba", "abc", "cc", "ca", "bab", "acb"]
  .map((word) => `${JSON.stringify({ word, answer: word.at(0) === word.at(-1) ? "yes" : "no" })}\n`)
  .join("");

/** What is replaced in \`letters\`, by what, and the code of the mistake that this is. */
export const broken: readonly (readonly [code: string, what: string | RegExp, by: string])[] = [
  ["unknown-name", "Wx @ y", "Vx @ y"],
  ["shape-mismatch", "Wo @ h[t])", "h[t])"],
  ["missing-boundary", "  h[-1] = 0\n", ""],
  ["causal-cycle", "Wh @ h[t-1]", "Wh @ h[t]"],
  ["undrawn-random", "  y[t] ~ categorical(Wo @ h[t])\n", ""],
  ["block-unknown-key", "steps = 30", "stepz = 30"],
  ["block-out-of-range", "lr = 0.1", "lr = -1"],
  ["unknown-token", 'y[-1] = "a"', 'y[-1] = "z"'],
  ["duplicate-name", "Wx, Wh, Wo, b", "Wx, Wh, Wo, b, Wx"],
  ["unexpected-token", "axis t < T", "axis t < T, s < S"],
  ["unclosed-bracket", "tanh(Wx", "tanh((Wx"],
  ["bad-constant", "dim H = 4", "dim H = -4"],
];
