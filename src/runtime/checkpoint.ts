/**
 * Model folders: `spec.rcv` (or `spec.json`), `params.safetensors`, `optimizer.safetensors` (the optimiser's tensors and carried state),
 * `best.safetensors` (of early stopping) and `state.json`, which holds the hashes of the others.
 *
 * Saving is atomic: all files are first written under staged names; renaming `state.json` commits them; the others follow.
 * Whoever reads after a crash finds either the old state with the old files, or the new one with files that are in place
 * or still staged: the hash tells which.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { Ajv } from "ajv";
import type { Vocabularies } from "../compiler/model.js";
import { ModelFolderError } from "./errors.js";
import type { Tensors } from "./parameters.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";
import type { Progress } from "./train/progress.js";

/** A spec as it was compiled: enough to compile it again anywhere. */
export interface SpecText {
  readonly source: string;
  /** Its path when it was compiled: files that it names are relative to it. */
  readonly file: string;
  readonly set: Readonly<Record<string, unknown>>;
  /** Texts of the files that it imports, by the path that it uses. */
  readonly imports: Readonly<Record<string, string>>;
}

export interface Snapshot {
  readonly spec: SpecText;
  /** Which of the file's models. */
  readonly model: string;
  readonly seed: number;
  readonly vocabularies: Vocabularies;
  readonly progress: Progress;
  readonly params: Tensors;
  /** The optimiser's tensors by state and parameter: `m/W`, `v/W`. */
  readonly optimizer: Tensors;
  /** Its numbers by state: `k`. */
  readonly counters: Readonly<Record<string, number>>;
  /** See `Machine.runs`; none in folders of before there were graphs. */
  readonly runs?: Readonly<Record<string, number>>;
  /** State carried to the next window along `axis`; null where none is. */
  readonly carry: { readonly axis: string; readonly states: Tensors } | null;
  /** The best parameters so far, where early stopping may want them back. */
  readonly best: Tensors | null;
}

interface StateFile extends Omit<Snapshot, "spec" | "params" | "optimizer" | "carry" | "best"> {
  readonly version: number;
  readonly spec: Omit<SpecText, "source">;
  /** The axis along which state is carried. */
  readonly carried: string | null;
  /** SHA-256 by file name. */
  readonly hashes: Readonly<Record<string, string>>;
}

const VERSION = 2;
const STATE = "state.json";
const PARAMS = "params.safetensors";
const OPTIMIZER = "optimizer.safetensors";
const BEST = "best.safetensors";
const CARRY = "carry/";
/** The spec keeps the form that it was given in. */
const specName = (file: string): string => (file.endsWith(".json") ? "spec.json" : "spec.rcv");

const numberOrNull = { type: ["number", "null"] };
const schema = {
  type: "object",
  required: ["version", "model", "seed", "vocabularies", "progress", "counters", "spec", "carried", "hashes"],
  properties: {
    version: { type: "integer" },
    model: { type: "string" },
    seed: { type: "integer" },
    vocabularies: { type: "object", additionalProperties: { type: "array", items: { type: "string" } } },
    spec: {
      type: "object",
      required: ["file", "set", "imports"],
      properties: {
        file: { type: "string" },
        set: { type: "object" },
        imports: { type: "object", additionalProperties: { type: "string" } },
      },
    },
    progress: {
      type: "object",
      required: ["step", "epoch", "position", "epochLoss", "epochCount", "best", "worse", "evaluated"],
      properties: {
        step: { type: "integer", minimum: 0 },
        epoch: { type: "integer", minimum: 0 },
        position: { type: "integer", minimum: 0 },
        epochLoss: { type: "number" },
        epochCount: { type: "number" },
        best: { type: ["object", "null"], required: ["loss", "step"] },
        worse: { type: "integer", minimum: 0 },
        evaluated: numberOrNull,
      },
    },
    counters: { type: "object", additionalProperties: { type: "number" } },
    runs: { type: "object", additionalProperties: { type: "integer", minimum: 0 } },
    carried: { type: ["string", "null"] },
    hashes: {
      type: "object",
      required: [PARAMS, OPTIMIZER],
      additionalProperties: { type: "string" },
    },
  },
} as const;

const validState = new Ajv({ allowUnionTypes: true, strictTypes: false }).compile<StateFile>(schema);

export async function writeFolder(dir: string, snapshot: Snapshot): Promise<void> {
  const { spec, params, optimizer, carry, best, ...rest } = snapshot;
  const { source, ...about } = spec;
  const carried = Object.entries(carry?.states ?? {}).map(([id, tensor]) => [`${CARRY}${id}`, tensor] as const);
  const files = new Map<string, Uint8Array>([
    [specName(spec.file), new TextEncoder().encode(source)],
    [PARAMS, writeSafetensors(params)],
    [OPTIMIZER, writeSafetensors({ ...optimizer, ...Object.fromEntries(carried) })],
    ...(best ? ([[BEST, writeSafetensors(best)]] as const) : []),
  ]);
  const state: StateFile = {
    version: VERSION,
    ...rest,
    // relative to the folder, so that both can move together
    spec: { ...about, file: relative(dir, about.file) },
    carried: carry?.axis ?? null,
    hashes: Object.fromEntries([...files].map(([name, bytes]) => [name, hash(bytes)])),
  };
  files.set(STATE, new TextEncoder().encode(`${JSON.stringify(state, null, 2)}\n`));
  await mkdir(dir, { recursive: true });
  try {
    for (const [name, bytes] of files) await writeFile(join(dir, staged(name)), bytes, { flush: true });
    await rename(join(dir, staged(STATE)), join(dir, STATE));
  } catch (e) {
    for (const name of files.keys()) await rm(join(dir, staged(name)), { force: true });
    throw e;
  }
  for (const name of files.keys()) if (name !== STATE) await rename(join(dir, staged(name)), join(dir, name));
  if (!best) await rm(join(dir, BEST), { force: true });
}

const staged = (name: string): string => `.${name}.next`;

/** Throws `ModelFolderError` where the folder is not one, is damaged, or was written by a later version. */
export async function readFolder(dir: string): Promise<Snapshot> {
  const state = parseState(dir, await readBytes(dir, STATE));
  const read = async (name: string): Promise<Uint8Array> => {
    const belongs = (bytes: Uint8Array | null): bytes is Uint8Array =>
      bytes !== null && hash(bytes) === state.hashes[name];
    const left = await readFile(join(dir, staged(name))).catch(() => null);
    if (belongs(left)) {
      // finish what was interrupted, so that the next save does not write over it; a folder may be read-only
      await rename(join(dir, staged(name)), join(dir, name)).catch(() => undefined);
      return left;
    }
    const bytes = await readBytes(dir, name);
    if (belongs(bytes)) return bytes;
    throw new ModelFolderError(
      `${join(dir, name)} does not belong to its ${STATE}: the file was changed. Restore the folder from a copy, or train again.`,
    );
  };
  const tensors = async (name: string): Promise<Tensors> => readSafetensors(await read(name), join(dir, name));
  const { version: _, hashes, carried, spec, ...rest } = state;
  const all = Object.entries(await tensors(OPTIMIZER));
  const isCarry = ([name]: readonly [string, unknown]): boolean => name.startsWith(CARRY);
  const carry = all.filter(isCarry).map(([name, tensor]) => [name.slice(CARRY.length), tensor] as const);
  return {
    ...rest,
    spec: { ...spec, file: resolve(dir, spec.file), source: new TextDecoder().decode(await read(specName(spec.file))) },
    params: await tensors(PARAMS),
    optimizer: Object.fromEntries(all.filter((entry) => !isCarry(entry))),
    carry: carried === null ? null : { axis: carried, states: Object.fromEntries(carry) },
    best: hashes[BEST] === undefined ? null : await tensors(BEST),
  };
}

async function readBytes(dir: string, name: string): Promise<Uint8Array> {
  try {
    return await readFile(join(dir, name));
  } catch (e) {
    const code = (e as NodeJS.ErrnoException).code;
    const missing = code === "ENOENT" || code === "ENOTDIR";
    if (missing && name === STATE) throw new ModelFolderError(`${dir} is not a model folder: it has no ${STATE}`);
    throw new ModelFolderError(`${join(dir, name)} ${missing ? "is missing" : `cannot be read: ${code ?? String(e)}`}`);
  }
}

function parseState(dir: string, bytes: Uint8Array): StateFile {
  const path = join(dir, STATE);
  let state: unknown;
  try {
    state = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new ModelFolderError(`${path} is damaged: it is not JSON`);
  }
  const version = (state as { version?: unknown } | null)?.version;
  if (typeof version === "number" && version > VERSION)
    throw new ModelFolderError(`${path} was written by a later version of Recurve (format ${version}): update it`);
  if (typeof version === "number" && version < VERSION)
    throw new ModelFolderError(`${path} was written by an earlier version of Recurve (format ${version}): train again`);
  if (validState(state)) return state;
  const [error] = validState.errors ?? [];
  throw new ModelFolderError(`${path} is damaged: ${error?.instancePath || "it"} ${error?.message ?? "is wrong"}`);
}

const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
