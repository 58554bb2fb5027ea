/** The checks of an exported model: all of it, and step by step, against the values of the model. */
import { expect } from "vitest";
import { getValue } from "../../src/compiler/system/types.js";
import { feedsOf, logps, type Subject, samplesOf } from "./harness.js";
import { type Graph, loadGraph, run, type Tensors, tensorCount } from "./tfjs.js";

/** All values that have a name, but for sums over the batch. */
export const namedValues = ({ model }: Pick<Subject, "model">): string[] =>
  [...model.system({ training: false, drawn: [] }).values.values()]
    .filter((v) => v.named && v.role === "eq" && !/^loss|^metric|\.(hits|count)$/.test(v.id))
    .map((v) => v.id);

export function close(got: ArrayLike<number>, want: ArrayLike<number>, what: string): void {
  expect(got.length, what).toBe(want.length);
  for (let i = 0; i < want.length; i++) {
    const [x, y] = [got[i] as number, want[i] as number];
    if (x !== y && !(Math.abs(x - y) <= 1e-4 * (1 + Math.abs(y)))) expect(x, `${what} at ${i}`).toBe(y);
  }
}

export async function withGraph<R>(s: Subject, file: string, use: (graph: Graph) => R): Promise<R> {
  const before = tensorCount();
  const graph = await loadGraph(s.dir, file);
  const result = use(graph);
  graph.dispose();
  expect(tensorCount(), `tensors that ${file} leaves behind`).toBe(before);
  return result;
}

/** The whole model: named values as `model.values` has them, log-probabilities from the parameters. What it gave. */
export async function checkWhole(s: Subject): Promise<Tensors> {
  const { about } = s.exported.graphs[0] as (typeof s.exported.graphs)[number];
  const got = await withGraph(s, "model.json", (graph) => run(graph, feedsOf(s, about.inputs)));
  const values = Object.keys(got).filter((id) => about.outputs[id]?.kind === "value");
  const want = await s.network.values(s.records, values);
  for (const id of values)
    for (const [b, own] of samplesOf(s, id, (got[id] as Tensors[string]).data).entries()) {
      expect(own.shape, id).toEqual(want[b]?.[id]?.shape);
      close(own.data, want[b]?.[id]?.data as Float32Array, `${id} of ${b}`);
    }
  for (const field of s.model.fields.filter((f) => f.role === "random")) {
    const id = `${field.name}.logp`;
    const own = logps(s, field, got);
    if (!own) continue;
    const logp = await s.network.values(s.records, [id]);
    for (const [b, found] of own.entries()) close(found, logp[b]?.[id]?.data as Float32Array, `${id} of ${b}`);
  }
  return got;
}

/** Each step, given what was observed before it: the parameters that the whole model had there. How many steps. */
export async function checkSteps(s: Subject, whole: Tensors): Promise<number> {
  let steps = 0;
  for (const { file, about } of s.exported.graphs) {
    if (!about.step) continue;
    const { axis, start, states } = about.step;
    const lengths = s.batch.lengths[axis] as Int32Array;
    const parameters = Object.keys(about.outputs).filter((id) => about.outputs[id]?.kind === "parameter");
    const fields = Object.fromEntries(
      states.flatMap((x) => ("from" in x ? [[x.from, { kind: "input" as const, axes: [] }]] : [])),
    );
    const first = start ? await begun(s, start) : {};
    let state = first;
    await withGraph(s, file, (graph) => {
      for (let t = 0; t < (s.batch.extents[axis] as number); t++) {
        const fed = { ...first, ...state, ...feedsOf(s, about.inputs, t) };
        const got = run(graph, fed, Object.keys(about.outputs));
        for (const id of parameters) {
          const slots = getValue(s.system, id).slots.filter((slot) => slot.axis !== "#");
          if (slots[0]?.axis !== axis) continue;
          compareAt(id, got[id] as Tensors[string], whole[id] as Tensors[string], lengths, t);
          steps++;
        }
        const observed = feedsOf(s, fields, t);
        state = Object.fromEntries(
          states.map((x) => [x.input, ("from" in x ? observed[x.from] : got[x.output]) as Tensors[string]]),
        );
      }
    });
  }
  return steps;
}

/** What comes before the first step. */
async function begun(s: Subject, file: string): Promise<Tensors> {
  const { inputs } = s.exported.graphs.find((g) => g.file === file)?.about ?? { inputs: {} };
  return withGraph(s, file, (graph) => run(graph, feedsOf(s, inputs)));
}

function compareAt(id: string, got: Tensors[string], whole: Tensors[string], lengths: Int32Array, t: number): void {
  const rows = whole.data.length / lengths.length;
  const width = got.data.length / lengths.length;
  for (const [b, length] of lengths.entries()) {
    if (t >= length) continue;
    const from = b * rows + t * width;
    const want = Array.from({ length: width }, (_, i) => whole.data[from + i] as number);
    close(Array.from(got.data).slice(b * width, (b + 1) * width), want, `${id} at ${t} of ${b}`);
  }
}
