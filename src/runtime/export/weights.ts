/** Weights of several graphs in files of few megabytes, those that graphs share once. */
import { createHash } from "node:crypto";
import type { TfjsGraph, Weight } from "./graph.js";

/** As tfjs caches them well: what its own converter makes. */
const SHARD_BYTES = 4 << 20;
/** Smaller ones are not looked for in other graphs. */
const SHARED_BYTES = 1024;

export interface ManifestGroup {
  readonly paths: readonly string[];
  readonly weights: readonly { readonly name: string; readonly shape: readonly number[]; readonly dtype: string }[];
}

export interface Packed {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Of each graph. */
  readonly manifests: readonly (readonly ManifestGroup[])[];
}

/** A tensor, and what each graph that has it calls it. */
interface Entry {
  readonly weight: Weight;
  readonly names: Map<number, string>;
}

/** Weights that the same graphs have are one group; each graph lists the groups that are its own. */
export function packWeights(graphs: readonly Pick<TfjsGraph, "weights">[]): Packed {
  const groups = new Map<string, Entry[]>();
  for (const entry of entriesOf(graphs)) {
    const key = [...entry.names.keys()].join();
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  const files = new Map<string, Uint8Array>();
  const manifests = graphs.map((): ManifestGroup[] => []);
  // tfjs 4.22 reads past its buffers where all have one size but the last, which is longer: so the largest comes first
  const bySize = [...groups.values()].sort((a, b) => bytesIn(b) - bytesIn(a));
  for (const [n, entries] of bySize.entries()) {
    const paths = shards(`group${n + 1}`, entries, files);
    for (const graph of (entries[0] as Entry).names.keys()) {
      const weights = entries.map(({ weight: { shape, dtype }, names }) => ({
        name: names.get(graph) as string,
        shape,
        dtype,
      }));
      (manifests[graph] as ManifestGroup[]).push({ paths, weights });
    }
  }
  return { files, manifests };
}

function entriesOf(graphs: readonly Pick<TfjsGraph, "weights">[]): Entry[] {
  const found = new Map<string, Entry>();
  for (const [graph, { weights }] of graphs.entries()) {
    const times = new Map<string, number>();
    for (const weight of weights) {
      const { dtype, shape, bytes } = weight;
      const isShared = bytes.length >= SHARED_BYTES;
      const content = isShared ? `${dtype} ${shape} ${hash(bytes)}` : `${graph} ${weight.name}`;
      // one graph may have equal weights under several names
      const time = times.get(content) ?? 0;
      times.set(content, time + 1);
      const key = `${time} ${content}`;
      const entry = found.get(key) ?? { weight, names: new Map<number, string>() };
      entry.names.set(graph, weight.name);
      found.set(key, entry);
    }
  }
  return [...found.values()];
}

const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const bytesIn = (entries: readonly Entry[]): number => entries.reduce((n, e) => n + e.weight.bytes.length, 0);

/** Writes the tensors one behind the other; the names of the files. */
function shards(name: string, entries: readonly Entry[], files: Map<string, Uint8Array>): string[] {
  const all = Buffer.concat(entries.map((e) => e.weight.bytes));
  const count = Math.max(1, Math.ceil(all.length / SHARD_BYTES));
  return Array.from({ length: count }, (_, k) => {
    const path = `${name}-shard${k + 1}of${count}.bin`;
    files.set(path, all.subarray(k * SHARD_BYTES, (k + 1) * SHARD_BYTES));
    return path;
  });
}
