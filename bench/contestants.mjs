/** Who is measured, and how each is started: a process that prints a line of JSON for each thing that it has timed. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { OWN_STEPS } from "./cases.mjs";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const list = ({ V, H, B, T }) => [V, H, B, T].map(String);

/** `against`: the backend of this project that it is compared with. `absent`: why it cannot be measured. */
function own(backend) {
  return {
    group: "recurve",
    name: `recurve on ${backend}`,
    against: backend,
    absent: null,
    models: null,
    command({ model, spec, sizes, steps }, { seconds }) {
      const { V, H, B, T } = sizes;
      if (model === "generate")
        return [process.execPath, at("own/generate.mjs"), ...list(sizes), String(steps), String(seconds), backend];
      const measured = ["--batch", B, "--length", T, "--steps", Math.max(steps, OWN_STEPS), "--backend", backend];
      const options = ["-p", `V=${V}`, "-p", `H=${H}`, ...measured.map(String), "--json", "-q"];
      return [process.execPath, at("../bin/recurve.js"), "bench", at(`../specs/bench/${spec}`), ...options];
    },
    read: (line) =>
      line.event === undefined || line.event === "bench" ? { ...line, peer: `recurve on ${backend}` } : null,
  };
}

function python(folder, group, script, models, module) {
  const program = folder && join(folder, "py", "bin", "python");
  const missing = () => {
    if (!folder) return "BENCH_PEERS is not set";
    if (!existsSync(program)) return `there is no ${program}`;
    const { status } = spawnSync(program, ["-c", `import ${module}`], { stdio: "ignore" });
    return status === 0 ? null : `${program} cannot import ${module}`;
  };
  return {
    group,
    name: group,
    against: "tensorflow",
    absent: missing(),
    models,
    command: ({ model, sizes, steps }, { seconds }) => [
      program,
      at(`peers/${script}`),
      model,
      ...list(sizes),
      String(steps),
      String(seconds),
    ],
    read: (line) => line,
  };
}

function layers(folder, backend) {
  const packages = backend === "tensorflow" ? ["tfjs-node"] : ["tfjs", "tfjs-backend-wasm"];
  const missing = folder
    ? packages.find((name) => !existsSync(join(folder, "node_modules", "@tensorflow", name)))
    : null;
  return {
    group: "layers",
    name: `tfjs-layers on ${backend}`,
    against: backend,
    absent: !folder ? "BENCH_PEERS is not set" : missing ? `there is no @tensorflow/${missing} in ${folder}` : null,
    models: ["lm", "gru", "tagger", "generate"],
    // a step of the long one takes minutes there
    excludes: backend === "wasm" ? ["long"] : [],
    cwd: folder,
    command: ({ model, sizes, steps }, { seconds }) => [
      process.execPath,
      at("peers/layers.mjs"),
      model,
      ...list(sizes),
      String(steps),
      String(seconds),
      backend,
    ],
    read: (line) => line,
  };
}

/** All, in the order of the tables. */
export function contestants(folder, backends) {
  const torch = ["lm", "peephole", "layer-norm", "gru", "tagger", "seq2seq", "tree", "generate"];
  return [
    ...backends.map(own),
    python(folder, "torch", "torch_models.py", torch, "torch"),
    python(folder, "jax", "jax_models.py", ["lm", "peephole", "layer-norm"], "jax"),
    python(folder, "keras", "keras_models.py", ["lm", "gru", "tagger"], "keras"),
    ...["tensorflow", "wasm"].map((backend) => layers(folder, backend)),
  ];
}

export const takesPart = ({ models, excludes = [] }, { model, name }) =>
  (models === null || models.includes(model)) && !excludes.includes(name);
