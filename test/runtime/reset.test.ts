/** `truncate(…, carry, reset = …)` through data, training and scores. */
import { expect, it } from "vitest";
import { compile } from "../../src/compiler/index.js";
import { instantiate } from "../../src/runtime/index.js";
import { names } from "../support/backends.js";
import { compiled, documents, story } from "./support/specs.js";

const codes = (source: string) => compile(source).diagnostics.map((d) => `${d.code}: ${d.message}`);

it.each(names)("a stream of records scores as the records by themselves: %s", async (backend) => {
  const stream = await instantiate(compiled(documents), { backend });
  const alone = await instantiate(compiled(documents, { "train.truncate": null }), { backend });
  await stream.fit();
  const scores = (await stream.evaluate(null, { exactMatch: 0 })).scores;
  await alone.data();
  await alone.setParams(stream.params());
  const expected = (await alone.evaluate(null, { exactMatch: 0 })).scores;
  expect(scores.loss).toBeCloseTo(expected.loss, 5);
  expect(scores.accuracy).toBeCloseTo(expected.accuracy as number, 6);
  stream.dispose();
  alone.dispose();
});

it("a text resets at a character", async () => {
  const at = (reset: string) => story.replace("carry)", `carry, reset = "${reset}")`);
  const [spaces, none] = [
    await instantiate(compiled(at(" ")), { backend: "cpu" }),
    await instantiate(compiled(story), { backend: "cpu" }),
  ];
  await spaces.fit();
  await none.fit();
  expect(spaces.progress.step).toBe(16);
  expect(spaces.params()).not.toEqual(none.params());
  spaces.dispose();
  none.dispose();
  const lacking = await instantiate(compiled(at("Q")), { backend: "cpu" });
  await expect(lacking.fit()).rejects.toThrow("`truncate` resets at `Q`, which is no token of the vocabulary Char");
  lacking.dispose();
});

it("says what is wrong with a reset", () => {
  expect(codes(story.replace("carry)", "carry, reset = EOS)"))).toEqual([
    "block-arguments: `truncate(…)` resets at `EOS`, which is no token of the vocabulary Char",
  ]);
  expect(codes(story.replace("carry)", 'reset = " ")'))).toEqual([
    "block-arguments: `truncate(…)` has a `reset` without `carry`: every window starts anew anyhow",
  ]);
  expect(codes(story.replace("carry)", "carry, reset = 3)"))[0]).toMatch(/block-wrong-type: `train.truncate.reset` is/);
});

it("records without an end of their own cannot be one stream", async () => {
  const source = documents
    .replace(" until c[t] == EOS", "")
    .replace("reset = EOS", 'reset = "t"')
    .replace("c[-1] = BOS", 'c[-1] = "a"');
  const network = await instantiate(compiled(source), { backend: "cpu" });
  await expect(network.fit()).rejects.toThrow("record 4 does not end with the token at which `truncate` resets");
  network.dispose();
});
