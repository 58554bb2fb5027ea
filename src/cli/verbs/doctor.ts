/** `recurve doctor`: what works on this machine, what does not, and what to do about it. */
import { createRequire } from "node:module";
import { availableParallelism, cpus, totalmem } from "node:os";
import { backendNames, openBackend } from "../../runtime/backends.js";
import { buildNative, engineFolder, loadNative } from "../../runtime/native/index.js";
import { EXIT } from "../exit-codes.js";
import { Exit } from "../failure.js";
import { table } from "../format.js";
import type { Session } from "../session.js";
import { version } from "../version.js";

export interface DoctorOptions {
  readonly buildNative?: boolean;
}

interface BackendReport {
  readonly backend: string;
  readonly works: boolean;
  /** What it runs on, or why it does not work. */
  readonly about: string;
  readonly remedy?: string;
}

export async function doctor(options: DoctorOptions, session: Session): Promise<void> {
  if (options.buildNative) await build(session);
  session.phase = "trying the backends";
  const backends: BackendReport[] = [];
  for (const name of backendNames) backends.push(await look(name));
  const versions = {
    recurve: version,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    "tfjs-core": installed("@tensorflow/tfjs-core"),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    threads: availableParallelism(),
    "memory (GB)": Math.round(totalmem() / 1e9),
    "native engine": engineFolder(),
  };
  session.output.event({ event: "doctor", versions, backends });
  session.output.data(
    [
      table(
        Object.entries(versions).map(([name, value]) => [name, String(value)]),
        "",
      ),
      "",
      table(
        backends.map(({ backend, works, about }) => [works ? "✓" : "✗", backend, about]),
        "",
      ),
      ...backends.flatMap(({ backend, remedy }) => (remedy ? ["", `${backend}: ${remedy}`] : [])),
    ].join("\n"),
  );
  if (!backends.some(({ works }) => works)) throw new Exit(EXIT.internal);
}

async function build(session: Session): Promise<void> {
  session.phase = "building the native engine";
  const { output } = session;
  const present = await loadNative();
  if (present.ok) {
    output.message(`the native engine is there already, in ${present.folder}`);
    return;
  }
  const built = await buildNative({ log: (line) => output.message(line) });
  if (built.ok) output.message(`the native engine is in ${built.folder}`);
  else {
    output.problem(`error: the native engine cannot be built: ${built.reason}\n${built.remedy}`);
    throw new Exit(EXIT.internal);
  }
}

async function look(name: (typeof backendNames)[number]): Promise<BackendReport> {
  try {
    await openBackend(name);
  } catch (error) {
    const about = error instanceof Error ? error.message : String(error);
    const native = name === "tensorflow" ? await loadNative() : null;
    return { backend: name, works: false, about, ...(native && !native.ok ? { remedy: native.remedy } : {}) };
  }
  return { backend: name, works: true, about: await describe(name) };
}

async function describe(name: (typeof backendNames)[number]): Promise<string> {
  switch (name) {
    case "cpu":
      return "plain JavaScript; the slowest, for comparison";
    case "wasm":
      return `WebAssembly, tfjs-backend-wasm ${installed("@tensorflow/tfjs-backend-wasm")}, one thread`;
    case "tensorflow": {
      const native = await loadNative();
      if (!native.ok) throw new Error("the backend works without its engine");
      return `libtensorflow ${native.libtensorflow}, tfjs-node ${native.version} from ${native.from}; the fastest`;
    }
  }
}

const load = createRequire(import.meta.url);

function installed(name: string): string {
  return (load(`${name}/package.json`) as { version: string }).version;
}
