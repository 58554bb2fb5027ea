/** Everything that must hold of a spec whose equations are well formed; what does not hold, in words. */
import { grad } from "../../src/compiler/ad/grad.js";
import { compile } from "../../src/compiler/index.js";
import { training } from "../../src/compiler/programs.js";
import { format } from "../../src/compiler/syntax/format.js";
import { BATCH, getValue, type System } from "../../src/compiler/system/types.js";
import { type Environment, Evaluator } from "../../src/compiler/targets/reference/evaluator.js";
import { instantiate, type SampleValue, type Tensor } from "../../src/runtime/index.js";
import type { DataRecord } from "../../src/runtime/types.js";
import { backends } from "./backends.js";
import { centralDifference, coordinates } from "./gradients.js";
import { difference, uniform } from "./numbers.js";
import { sampleRecords } from "./sample-records.js";
import { environment } from "./spec-cases.js";

export interface Check {
  /** Backends to compare with the evaluator. */
  readonly backends?: readonly string[];
  /** Gradients of so many numbers against central differences. */
  readonly coordinates?: number;
  readonly samples?: number;
  /** Instead of records made up. */
  readonly records?: readonly DataRecord[];
}

type Params = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>>;

export async function problemsOf(source: string, options: Check = {}): Promise<string[]> {
  const compiled = compile(source, { file: "spec.rcv" });
  if (!compiled.ok)
    return compiled.diagnostics
      .filter((d) => d.severity === "error")
      .map((d) => `does not compile: ${d.code}: ${d.message}`);
  const { model } = compiled;
  const problems: string[] = [];
  const raw = model.system({ training: true, drawn: [] });

  const printed = format(source);
  const again = compile(printed, { file: "spec.rcv" });
  if (!again.ok || textOf(again.model.system({ training: true, drawn: [] })) !== textOf(raw))
    problems.push(`printed and read again, it is another System:\n${printed}`);

  const records = options.records ?? sampleRecords(model, options.samples ?? 3);
  const params: Params = Object.fromEntries(
    model.params.map((p) => {
      const size = p.shape.reduce((a, b) => a * b, 1);
      return [
        p.name,
        { shape: p.shape, data: Float32Array.from({ length: size }, (_, i) => uniform(p.name, i) - 0.5) },
      ];
    }),
  );
  const numbers = Object.fromEntries(Object.entries(params).map(([id, p]) => [id, p.data]));
  const env = environment(model, raw, records, numbers);
  const compute = training(model);
  problems.push(
    ...wrongGradients(
      raw,
      compute,
      env,
      model.params.map((p) => p.name),
      options.coordinates ?? 10,
    ),
  );
  for (const backend of options.backends ?? backends.map((b) => b.name))
    problems.push(...(await differs(backend, source, records, params, env, raw, compute)));
  return problems;
}

/** Spans say where something stood; a printed spec has others. */
const textOf = (system: System): string =>
  JSON.stringify([[...system.axes.values()], [...system.values.values()].map(({ origin: _, ...v }) => v)]);

function wrongGradients(
  raw: System,
  compute: ReturnType<typeof training>,
  env: Environment,
  params: readonly string[],
  count: number,
): string[] {
  const all = coordinates(raw, env, params);
  const some = all.filter((_, i) => i % Math.max(1, Math.ceil(all.length / count)) === 0);
  const plain = grad(raw, "loss", params);
  const optimised = (id: string): string => compute.gradients.get(id) as string;
  const forms = {
    raw: { e: new Evaluator(plain.system, env), adjoint: plain.adjoint },
    optimised: { e: new Evaluator(compute.system, env), adjoint: optimised },
    scheduled: { e: new Evaluator(compute.system, env).run(compute.program), adjoint: optimised },
  };
  const loss = new Evaluator(raw, env).value("loss")[0] as number;
  const out: string[] = [];
  for (const [form, { e }] of Object.entries(forms)) {
    const got = e.value("loss")[0] as number;
    if (!(difference(got, loss) <= 1e-9)) out.push(`${form}: the loss is ${got}, not ${loss}`);
  }
  for (const c of some) {
    const expected = centralDifference(raw, env, "loss", c);
    for (const [form, { e, adjoint }] of Object.entries(forms)) {
      const got = e.value(adjoint(c.id), c.index)[c.feature] as number;
      if (!(difference(got, expected) <= 2e-6))
        out.push(`${form}: the gradient of ${c.id}[${c.index}].${c.feature} is ${got}, not ${expected}`);
    }
  }
  return out;
}

/** What a backend makes of a batch, and of each sample by itself. */
async function differs(
  backend: string,
  source: string,
  records: readonly DataRecord[],
  params: Params,
  env: Environment,
  raw: System,
  compute: ReturnType<typeof training>,
): Promise<string[]> {
  const out: string[] = [];
  const network = await instantiate(compile(source, { file: "spec.rcv" }), { backend: backend as "cpu", seed: 1 });
  const note = (what: string, got: readonly number[], wanted: readonly number[], tolerance: number): void => {
    const i = wanted.findIndex((x, k) => !(difference(x, got[k] as number) <= tolerance));
    if (i >= 0 || got.length !== wanted.length)
      out.push(`${backend}: ${what} is ${got[i]} at ${i} of ${got.length}, not ${wanted[i]} (of ${wanted.length})`);
  };
  try {
    await network.setParams(params);
    const { loss, grads } = await network.gradients(records);
    note("the loss", [loss], [new Evaluator(raw, env).value("loss")[0] as number], 1e-4);
    const evaluator = new Evaluator(compute.system, env);
    for (const [p, id] of compute.gradients)
      note(`the gradient of ${p}`, [...(grads[p] as Tensor).data], everything(compute.system, evaluator, id), 2e-4);
    // names without a dot are the user's own
    const own = [...raw.values.values()].filter((v) => v.named && v.role === "eq" && !v.id.includes("."));
    const named = own.filter((v) => v.slots[0]?.axis === BATCH.axis).map((v) => v.id);
    const together = await network.values(records, named);
    for (const [b, record] of records.entries()) {
      const [alone] = await network.values([record], named);
      for (const id of named) {
        const [x, y] = [together[b]?.[id], alone?.[id]] as [SampleValue, SampleValue];
        note(
          `${id} of sample ${b} in a batch`,
          Array.from(x.data as ArrayLike<number>),
          Array.from(y.data as ArrayLike<number>),
          1e-4,
        );
      }
    }
  } catch (e) {
    out.push(`${backend}: ${(e as Error).stack ?? e}`);
  } finally {
    network.dispose();
  }
  return out;
}

function everything(system: System, e: Evaluator, id: string): number[] {
  const v = getValue(system, id);
  return e.points(v.slots).flatMap((p) => [
    ...e.value(
      id,
      v.slots.map((s) => p[s.name] as number),
    ),
  ]);
}
