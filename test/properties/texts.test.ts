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
