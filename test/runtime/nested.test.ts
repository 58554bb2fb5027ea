/** A tagger of words in sentences: losses, values and drawn tags do not depend on what else is in the batch. */
import { expect, test } from "vitest";
import { compile } from "../../src/compiler/index.js";
import { instantiate } from "../../src/runtime/index.js";
import { backends } from "../support/backends.js";

const { model, diagnostics } = compile(`model tagger {
  vocab Word = ["a", "b", "c"]
  vocab Tag = ["N", "V", "A"]
  dim H = 3
  axis k < K
  axis u < U[k]
  input w[k,u] : Word
  random y[k,u] : Tag
  param E : [H, Word], A, B : [H, H], Wo
  h[k,u] = tanh(E @ w[k,u] + A @ h[k,u-1])
  h[k,-1] = d[k-1]
  d[k] = tanh(B @ h[k,U-1])
  d[-1] = 0
  y[k,u] ~ categorical(Wo @ h[k,u])
}`);

const records = [
  { w: ["abc", "b"], y: [["N", "V", "A"], ["N"]] },
  { w: ["c"], y: [["A"]] },
  { w: ["ab", "", "cab"], y: [["N", "V"], [], ["A", "N", "V"]] },
];

test("the spec has no mistakes", () => expect(diagnostics).toEqual([]));

test.each(backends.map((b) => [b.name, b] as const))("%s", async (_, backend) => {
  const network = await instantiate(model, { backend: backend.name });
  const inputs = records.map(({ w }) => ({ w }));
  const drawn = await network.decode(inputs, { greedy: true });
  for (const [i, d] of drawn.entries()) {
    const tags = d["y"] as string[][];
    expect(tags.map((s) => s.length)).toEqual((records[i]?.y ?? []).map((s) => s.length));
    const [alone] = await network.decode([inputs[i] as (typeof inputs)[number]], { greedy: true });
    expect(alone?.["y"]).toEqual(tags);
    expect(alone?.logp).toBeCloseTo(d.logp, 5);
  }
  const values = await network.values(records, ["h", "y.logp"]);
  expect(values.map((v) => v["h"]?.shape)).toEqual([
    [2, 3, 3],
    [1, 1, 3],
    [3, 3, 3],
  ]);
  for (const [i, record] of records.entries()) {
    const [own] = await network.values([record], ["h", "y.logp"]);
    for (const id of ["h", "y.logp"])
      for (const [k, x] of [...(own?.[id]?.data ?? [])].entries()) expect(values[i]?.[id]?.data[k]).toBeCloseTo(x, 5);
  }
  const first = await network.step(records);
  for (let step = 0; step < 20; step++) await network.step(records);
  expect(await network.step(records)).toBeLessThan(first);
  network.dispose();
});
