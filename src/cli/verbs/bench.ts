/** `recurve bench`: how long a training step of a spec takes. */
import { type Benchmark, benchmark, instantiate, standIns } from "../../runtime/index.js";
import { announce, type BackendOptions } from "../backend.js";
import { count, megabytes, number, table } from "../format.js";
import type { Session } from "../session.js";
import { compileSpec, onlyModel, type SpecOptions } from "../spec.js";

export interface BenchOptions extends SpecOptions, BackendOptions {
  readonly batch: number;
  readonly length: number;
  readonly steps: number;
  readonly seed?: number;
}

export async function bench(path: string, options: BenchOptions, session: Session): Promise<void> {
  const { output } = session;
  const start = performance.now();
  const compiled = compileSpec(path, options, session);
  const model = onlyModel(compiled, options);
  const checked = performance.now() - start;
  await announce(options.backend, session);
  const vocabularies = standIns(model);
  const sizes = Object.entries(vocabularies).map(([name, tokens]) => [name, tokens.length] as const);
  for (const [name, size] of sizes)
    output.message(`the vocabulary ${name} would come from the data: timed with ${count(size)} tokens`);
  if (!model.axes.some((axis) => axis.kind === "ragged"))
    output.message(`${model.name} has fixed lengths only, so that --length says nothing`);

  const seed = options.seed === undefined ? {} : { seed: options.seed };
  session.phase = `opening the backend ${options.backend}`;
  const network = await instantiate(compiled, { backend: options.backend, vocabularies, warm: 0, ...seed });
  try {
    session.phase = `timing ${model.name}`;
    const { batch, length, steps } = options;
    const measured = benchmark(network, { batch, length, steps, ...seed });
    const result = { ...measured, compile_ms: checked + measured.compile_ms };
    output.event({
      event: "bench",
      model: model.name,
      backend: network.device.name,
      dims: model.dims,
      vocabularies: Object.fromEntries(sizes),
      ...result,
    });
    output.data(describe(model.name, result));
  } finally {
    network.dispose();
  }
}

function describe(name: string, b: Benchmark): string {
  const calls = b.nodes === undefined ? (["kernels", b.kernels ?? 0] as const) : (["graph nodes", b.nodes] as const);
  const rows = [
    ["compiled in", `${number(b.compile_ms)} ms`],
    ["first step", `${number(b.first_ms)} ms`],
    ["fastest", `${number(b.min_ms)} ms`],
    ["median", `${number(b.median_ms)} ms`],
    ["arithmetic", `${number(b.gflops)} GFLOP/s`],
    [calls[0], `${number(calls[1])} per time step`],
    ["planned memory", megabytes(1e6 * b.planned_memory_mb)],
    ["peak memory", `${count(b.peak_memory_mb)} MB`],
  ];
  return `${name}: a batch of ${count(b.batch)}, length ${count(b.length)}, ${count(b.steps)} steps on ${b.engine}\n${table(rows)}`;
}
