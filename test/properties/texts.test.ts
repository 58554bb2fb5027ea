import { expect, it } from "vitest";
import { deepTexts, fuzzText, textProblem } from "../support/fuzz-text.js";

it("texts that are no specs get diagnostics, in time", () => {
  const { texts, failures } = fuzzText(1, 120, 400);
  expect(failures).toEqual([]);
  expect(texts).toBe(400);
}, 180_000);

it.each(deepTexts.map((text) => [text.slice(14, 40), text]))("ten thousand levels of %s", (_, text) => {
  expect(textProblem(text)).toBeNull();
});

it.each(["h[t-1e9]", "h[1e9]", "h[T-1e9]", "sum(h[t-3000, t+3000])", "split(x[t], 1e9)", "x[1e9 * t]"])(
  "numbers that nobody means: %s",
  (read) => {
    expect(textProblem(`model m {\n  axis t < T\n  input x[t]\n  h[t] = x[t] + ${read}\n  loss h[t]\n}`)).toBeNull();
  },
);
