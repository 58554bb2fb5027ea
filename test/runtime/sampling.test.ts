/** `scheduled_sampling` through checks, training and every backend. */
import { expect, it } from "vitest";
import { compile } from "../../src/compiler/index.js";
import { training } from "../../src/compiler/programs.js";
import { encode, makeBatch } from "../../src/runtime/data/index.js";
import { instantiate } from "../../src/runtime/index.js";
import { samplingRate } from "../../src/runtime/train/schedule.js";
import { names } from "../support/backends.js";
import { reference } from "./support/reference.js";
import { compiled, documents, story } from "./support/specs.js";

const sampled = (source: string, how: string): string => source.replace("train {", `train { scheduled_sampling${how},`);
const codes = (source: string) => compile(source).diagnostics.map((d) => `${d.code}: ${d.message}`);

it("rises along a line", () => {
  expect([0, 5, 10, 20].map((step) => samplingRate({ final: 0.5, over: 10 }, step))).toEqual([0, 0.25, 0.5, 0.5]);
  expect(samplingRate({ final: 0.25, over: 0 }, 0)).toBe(0.25);
  expect(samplingRate(null, 3)).toBe(0);
});

it.each(names)("at rate 0 a training is that with teacher forcing: %s", async (backend) => {
  const plain = await instantiate(compiled(story), { backend });
  const forced = await instantiate(compiled(sampled(story, " = 0")), { backend });
  await plain.fit();
  await forced.fit();
  for (const [name, { data }] of Object.entries(plain.params()))
    for (const [i, x] of forced.params()[name]?.data.entries() ?? []) expect(x).toBeCloseTo(data[i] as number, 4);
  plain.dispose();
  forced.dispose();
});

it.each(names)("gradients are those of the reference evaluator: %s", async (backend) => {
  const network = await instantiate(
    compiled(sampled(documents, " = 0.6").replace("truncate(5, carry, reset = EOS),", "")),
    {
      backend,
    },
  );
  await network.data();
  const records = ["the cat", "a rat", "sat on"].map((c) => ({ c: [...c] }));
  const { loss, grads } = await network.gradients(records);
  const compute = training(network.model, { sampling: true });
  const batch = {
    ...makeBatch(
      network.model,
      records.map((r) => encode(network.model, r)),
    ),
    sampling: 0.6,
  };
  const params = Object.fromEntries(Object.entries(network.params()).map(([k, v]) => [k, v.data]));
  const e = reference(compute, batch, params, { seed: network.seed, step: 0, samples: [0, 1, 2] }).run(compute.program);
  expect(loss).toBeCloseTo(e.value("loss")[0] as number, 4);
  for (const [name, { data }] of Object.entries(grads))
    for (const [i, x] of e.value(compute.gradients.get(name) as string).entries()) expect(data[i]).toBeCloseTo(x, 3);
  network.dispose();
});

it("runs with carried state and resets, and the draws change what is learnt", async () => {
  const [plain, drawn] = [compiled(documents), compiled(sampled(documents, "(final = 1, over = 3)"))];
  const [a, b] = [await instantiate(plain, { backend: "cpu" }), await instantiate(drawn, { backend: "cpu" })];
  await a.fit();
  await b.fit();
  expect(b.progress.step).toBe(6);
  expect(b.params()).not.toEqual(a.params());
  expect(Number.isFinite((await b.evaluate(null, { exactMatch: 0 })).scores.loss)).toBe(true);
  a.dispose();
  b.dispose();
});

it("says where there is nothing to sample or no way to", () => {
  const spec = (body: string): string => `model m {
  axis t < T
  random y[t] : [2]
  ${body}
  data { train = jsonl("a.jsonl") }
  train { steps = 10, scheduled_sampling = 0.25 }
  decode { greedy, max = 5 }
}`;
  expect(codes(spec("param b\n  y[t] ~ normal(b, 1)"))).toEqual([
    "block-arguments: `scheduled_sampling` has nothing to replace: no random is read at another step than its own",
  ]);
  expect(codes(spec("y[-1] = 0\n  y[t] ~ mvnormal(0.5 * y[t-1], eye(2))"))).toEqual([
    `block-arguments: \`scheduled_sampling\` has no way to draw \`y\` from \`mvnormal\` within a step of training`,
  ]);
  expect(codes(spec("y[-1] = 0\n  y[t] ~ normal(0.5 * y[t-1], 1)"))).toEqual([]);
});
