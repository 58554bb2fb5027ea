/**
 * Published architectures as specs. Of each: gradients of the reference evaluator against central differences, the numbers
 * of a golden, every backend against the evaluator, a few steps of training, and decoding.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/compiler/index.js";
import { scoring, training } from "../../src/compiler/programs.js";
import { draws } from "../../src/compiler/random.js";
import { getValue, type System } from "../../src/compiler/system/types.js";
import { type Environment, Evaluator } from "../../src/compiler/targets/reference/evaluator.js";
import { instantiate, type SampleValue, type Tensor } from "../../src/runtime/index.js";
import { initialValues } from "../../src/runtime/init.js";
import type { DataRecord } from "../../src/runtime/types.js";
import { backends } from "../support/backends.js";
import { centralDifference, coordinates, withStops } from "../support/gradients.js";
import { difference, uniform } from "../support/numbers.js";
import { sampleRecords } from "../support/sample-records.js";
import { environment } from "../support/spec-cases.js";

const folder = new URL("./", import.meta.url);
const names = readdirSync(folder, { withFileTypes: true }).flatMap((d) => (d.isDirectory() ? [d.name] : []));
const only = process.env["SAMPLES"];
const chosen = names.filter((name) => only === undefined || new RegExp(only).test(name));

const SAMPLES = 3;
const COORDINATES = 48;

/** Starting values, a little moved: a bias of 0 would hide what is wrong with it. */
function paramsOf(
  model: ReturnType<typeof compile>["model"],
): Record<string, { shape: readonly number[]; data: Float32Array }> {
  return Object.fromEntries(
    model.params.map((p) => {
      const start = initialValues(p, draws(1, "init", p.name), () => {
        throw new Error("samples read no file");
      });
      const data = start.map((x, i) => x + 0.2 * (uniform(p.name, i) - 0.5));
      return [p.name, { shape: p.shape, data: p.frozen ? start : data }];
    }),
  );
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}

/** At most `n` of a list, evenly. */
const some = <T>(list: readonly T[], n: number): T[] =>
  list.filter(
    (_, i) => Math.floor((i * n) / list.length) !== Math.floor(((i - 1) * n) / list.length) || list.length <= n,
  );

const all = (system: System, env: Environment, id: string): number[] => {
  const v = getValue(system, id);
  const e = new Evaluator(system, env);
  return e.points(v.slots).flatMap((p) => [
    ...e.value(
      id,
      v.slots.map((s) => p[s.name] as number),
    ),
  ]);
};

const rounded = (x: number): number => (Number.isFinite(x) ? Number(x.toPrecision(9)) : x);
const closeTo = (got: readonly number[], wanted: readonly number[], tolerance: number): number[] =>
  got.flatMap((x, i) => (difference(x, wanted[i] as number) <= tolerance ? [] : [x, wanted[i] as number])).slice(0, 6);

describe.each(chosen)("%s", (name) => {
  const dir = new URL(`${name}/`, folder);
  const source = readFileSync(new URL("input.rcv", dir), "utf8");
  const compiled = compile(source, { file: `${name}.rcv` });

  it("has no diagnostics", () => {
    expect(compiled.diagnostics.map((d) => `${d.code}: ${d.message}`)).toEqual([]);
  });
  if (!compiled.ok) return;
  const { model } = compiled;
  const file = new URL("records.json", dir);
  const records: readonly DataRecord[] = existsSync(file)
    ? JSON.parse(readFileSync(file, "utf8"))
    : sampleRecords(model, SAMPLES);
  const prepared = once(() => {
    const params = paramsOf(model);
    const numbers = Object.fromEntries(Object.entries(params).map(([id, p]) => [id, p.data]));
    const raw = model.system({ training: true, drawn: [] });
    const env = environment(model, raw, records, numbers);
    return { params, numbers, raw, env, compute: training(model) };
  });

  it("gradients agree with central differences, optimised and as scheduled", () => {
    const { raw, env, compute } = prepared();
    const lazy = new Evaluator(compute.system, env);
    const strict = new Evaluator(compute.system, env).run(compute.program);
    const learnt = model.params.filter((p) => !p.frozen).map((p) => p.name);
    const wrong: unknown[] = [];
    const fixed = withStops(raw, env);
    for (const c of some(coordinates(raw, env, learnt), COORDINATES)) {
      const expected = centralDifference(fixed.system, fixed.env, "loss", c);
      const id = compute.gradients.get(c.id) as string;
      const got = [lazy, strict].map((e) => e.value(id, c.index)[c.feature] as number);
      if (got.some((x) => !(difference(x, expected) <= 1e-6)))
        wrong.push({ at: `${c.id}[${c.index}].${c.feature}`, expected, got });
    }
    expect(wrong).toEqual([]);
  });

  it("values and gradients are those of the golden", async () => {
    const { raw, env, compute } = prepared();
    const gradients = Object.fromEntries(
      [...compute.gradients].map(([p, id]) => [p, all(compute.system, env, id).map(rounded)]),
    );
    const logp = [...raw.values.keys()].filter((id) => id.endsWith(".logp"));
    const values = Object.fromEntries(logp.map((id) => [id, all(raw, env, id).map(rounded)]));
    const loss = rounded(new Evaluator(raw, env).value("loss")[0] as number);
    await expect(`${JSON.stringify({ loss, values, gradients }, null, 1)}\n`).toMatchFileSnapshot(
      new URL("values.json", dir).pathname,
    );
  });

  it.each(backends.map((b) => b.name))("%s agrees with the evaluator, trains and decodes", async (backend) => {
    const { params, numbers, raw, env, compute } = prepared();
    const network = await instantiate(compiled, { backend, seed: 1 });
    try {
      await network.setParams(params);
      const { loss, grads } = await network.gradients(records);
      expect(closeTo([loss], [new Evaluator(raw, env).value("loss")[0] as number], 1e-4)).toEqual([]);
      for (const [p, id] of compute.gradients)
        expect([p, closeTo([...(grads[p] as Tensor).data], all(compute.system, env, id), 1e-4)]).toEqual([p, []]);
      const scored = scoring(
        model,
        [...raw.values.keys()].filter((id) => id.endsWith(".logp")),
      );
      const quiet = environment(model, scored.system, records, numbers);
      for (const f of model.fields.filter((x) => x.role === "random")) {
        const got = await network.values(records, [`${f.name}.logp`]);
        const flat = got.flatMap((s) => Array.from((s[`${f.name}.logp`] as SampleValue).data as ArrayLike<number>));
        expect([f.name, closeTo(flat, all(scored.system, quiet, `${f.name}.logp`), 1e-4)]).toEqual([f.name, []]);
      }
      const before = loss;
      for (let i = 0; i < 12; i++) await network.step(records);
      const after = (await network.gradients(records)).loss;
      // noise makes a step uneven
      if (![...raw.values.values()].some((v) => v.role === "noise")) expect(after).toBeLessThan(before);
      const randoms = model.fields.filter((f) => f.role === "random").map((f) => f.name);
      if (!randoms.length) return;
      const given = records.map((r) => Object.fromEntries(Object.entries(r).filter(([k]) => !randoms.includes(k))));
      const decoded = await network.decode(given);
      expect(decoded).toHaveLength(records.length);
      for (const d of decoded) for (const r of randoms) expect(d[r]).toBeDefined();
    } finally {
      network.dispose();
    }
  });
});
