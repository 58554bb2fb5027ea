/** Records of tokens that are numbers: integers in, integers out. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compile } from "../../src/compiler/index.js";
import { instantiate, load } from "../../src/runtime/index.js";

const source = `
model count {
  dim V = 12
  dim H = 8
  axis t < T until y[t] == 0
  random y[t] : V, kind : V
  param W, U, b, Wo, bo, k
  h[t] : [H] = tanh(W @ y[t-1] + U @ h[t-1] + b)
  h[-1] = 0
  y[-1] = 0
  kind ~ categorical(k)
  y[t] ~ categorical(Wo @ h[t] + bo)
  train { optimizer = adam(lr = 0.05), steps = 150, seed = 1 }
  decode { greedy, max = 8 }
}`;

test("records and what is drawn are integers, also after a save", async () => {
  const model = await instantiate(compile(source), { backend: "cpu" });
  const record = { y: [1, 11, 2, 10], kind: 7 };
  await model.fit([record, { y: [1, 11, 2, 10, 0], kind: "7" }]);
  const [drawn] = await model.decode([{}]);
  expect(drawn).toMatchObject(record);
  const dir = mkdtempSync(join(tmpdir(), "recurve-numbered-"));
  try {
    await model.save(dir);
    const again = await load(dir, { backend: "cpu" });
    expect(await again.decode([{}])).toEqual([drawn]);
    // a beginning that is known
    for (const y of [[1, 11], "1 11"]) expect((await again.decode([{ y }]))[0]).toMatchObject({ y: [1, 11, 2, 10] });
    again.dispose();
  } finally {
    rmSync(dir, { recursive: true });
    model.dispose();
  }
});

test("what is no number below the dim is told", async () => {
  const model = await instantiate(compile(source), { backend: "cpu" });
  await expect(model.step([{ y: [12], kind: 0 }])).rejects.toThrow("a token of `V`, a number from 0 to 11, not 12");
  await expect(model.step([{ y: ["a", "b"], kind: 0 }])).rejects.toThrow("numbers 0 to 11");
  model.dispose();
});
