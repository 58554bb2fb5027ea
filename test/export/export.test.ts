/** Exported graphs, loaded as a page loads them, on every backend, against the values of the model. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ExportError } from "../../src/runtime/index.js";
import { feedsOf, LENGTH, logps, networkOf, samplesOf, type Subject, subject } from "./harness.js";
import { backendNames, loadGraph, run, type Tensors, tensorCount, use } from "./tfjs.js";

const folder = mkdtempSync(join(tmpdir(), "recurve-export-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const root = new URL("../../", import.meta.url);
const names = readdirSync(new URL("test/samples/", root), { withFileTypes: true }).flatMap((d) =>
  d.isDirectory() ? [`test/samples/${d.name}/input.rcv`] : [],
);
const specs = readdirSync(new URL("specs/", root)).flatMap((n) => (n.endsWith(".rcv") ? [`specs/${n}`] : []));
const only = new RegExp(process.env["SAMPLES"] ?? "");
let made = 0;

const close = (got: ArrayLike<number>, want: ArrayLike<number>, what: string): void => {
  expect(got.length, what).toBe(want.length);
  for (let i = 0; i < want.length; i++) {
    const [x, y] = [got[i] as number, want[i] as number];
    if (x !== y && !(Math.abs(x - y) <= 1e-4 * (1 + Math.abs(y)))) expect(x, `${what} at ${i}`).toBe(y);
  }
};

async function subjectOf(path: string): Promise<Subject | string> {
  const network = await networkOf(readFileSync(new URL(path, root), "utf8"), path);
  const values = [...network.model.system({ training: false, drawn: [] }).values.values()]
    .filter((v) => v.named && v.role === "eq" && !/^loss|^metric|\.(hits|count)$/.test(v.id))
    .map((v) => v.id);
  for (const asked of [values, []])
    try {
      return await subject(network, join(folder, String(made++)), { values: asked });
    } catch (e) {
      if (!(e instanceof ExportError)) throw e;
      if (!asked.length) return e.message;
    }
  return "";
}

describe.each(["cpu"])("on %s", (backend) => {
  it.each([...specs, ...names].filter((n) => only.test(n)))("%s", async (path) => {
    const s = await subjectOf(path);
    if (typeof s === "string") { console.log(path, s); return; }
    await use(backend);
    const [about] = s.exported.graphs.map((g) => g.about);
    const graph = await loadGraph(s.dir, "model.json");
    const feeds = feedsOf(s, about!.inputs);
    const before = tensorCount();
    const got = run(graph, feeds);
    expect(tensorCount()).toBe(before);
    const values = Object.keys(got).filter((n) => about!.outputs[n]?.kind === "value");
    const want = await s.network.values(s.records, values);
    for (const id of values) {
      const own = samplesOf(s, id, (got[id] as Tensors[string]).data);
      for (const [b, v] of own.entries()) {
        expect(v.shape).toEqual(want[b]?.[id]?.shape);
        close(v.data, want[b]?.[id]?.data as Float32Array, `${id} of ${b}`);
      }
    }
    let checked = 0;
    for (const field of s.model.fields.filter((f) => f.role === "random")) {
      const found = logps(s, field, got);
      if (!found) continue;
      const id = `${field.name}.logp`;
      const logp = await s.network.values(s.records, [id]);
      for (const [b, own] of found.entries()) close(own, logp[b]?.[id]?.data as Float32Array, id);
      checked++;
    }
    graph.dispose();
    // steps
    const steps = s.exported.graphs.filter((g) => g.about.graph === "step");
    console.log(path, s.exported.graphs.map((g) => [g.file, g.nodes].join(" ")).join(", "), JSON.stringify(s.exported.stepless), values.length, checked, JSON.stringify(steps.map((x) => [x.about.step?.states, x.about.outputs])));
    for (const { file, about } of steps) {
      const step = await loadGraph(s.dir, file);
      const { axis, start, states } = about.step!;
      let state: Tensors = {};
      let context: Tensors = {};
      if (start) {
        const g = await loadGraph(s.dir, start);
        const first = run(g, feedsOf(s, s.exported.graphs.find((x) => x.file === start)!.about.inputs));
        g.dispose();
        state = Object.fromEntries(Object.entries(first).filter(([n]) => !n.startsWith("context/")));
        context = Object.fromEntries(Object.entries(first).filter(([n]) => n.startsWith("context/")));
      }
      const params = Object.entries(about.outputs).filter(([, o]) => o.kind === "parameter").map(([n]) => n);
      for (let t = 0; t < LENGTH; t++) {
        const all = { ...context, ...feedsOf(s, about.inputs, t) };
        const out = run(step, { ...all, ...state }, Object.keys(about.outputs));
        for (const id of params) {
          const slots = s.system.values.get(id)!.slots.filter((x) => x.axis !== "#").map((x) => x.axis);
          const at = slots.indexOf(axis);
          if (at !== 0) continue;
          const whole = got[id] as Tensors[string];
          const rows = (whole.data.length / s.batch.size);
          const width = rows / (s.batch.extents[axis] as number);
          for (let b = 0; b < s.batch.size; b++) {
            if (t >= (s.batch.lengths[axis]![b] as number)) continue;
            const w = Array.from(whole.data).slice(b * rows + t * width, b * rows + (t + 1) * width);
            const g = Array.from((out[id] as Tensors[string]).data).slice(b * width, (b + 1) * width);
            close(g, w, `${id} at ${t} of ${b}`);
          }
        }
        const fields = feedsOf(s, Object.fromEntries(states.flatMap((x) => "from" in x ? [[x.from, { kind: "input" as const, axes: [] }]] : [])), t);
        state = Object.fromEntries(states.map((x) => [x.input, ("from" in x ? fields[x.from] : out[x.output]) as Tensors[string]]));
      }
      step.dispose();
    }
  });
});
