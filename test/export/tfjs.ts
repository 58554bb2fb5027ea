/** What a web page does with an exported graph: `tf.loadGraphModel` over a fetch that reads files. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as converter from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";
import { names } from "../support/backends.js";

export const backendNames = names;
export type Graph = converter.GraphModel;
export type Tensors = Record<string, { shape: number[]; data: ArrayLike<number>; dtype?: "float32" | "int32" }>;

/** Makes a backend the one that tfjs computes on. */
export async function use(name: string): Promise<void> {
  await tf.setBackend(name);
}

export async function loadGraph(dir: string, file: string): Promise<Graph> {
  const fetchFunc = async (path: string): Promise<Response> => new Response(readFileSync(join(dir, path)));
  const handler = tf.io.browserHTTPRequest(file, { fetchFunc: fetchFunc as typeof fetch });
  return converter.loadGraphModel(handler);
}

/** `predict`, or `execute` of the results that are named; leaves no tensor behind. */
export function run(graph: Graph, feeds: Tensors, outputs?: readonly string[]): Tensors {
  const fed = Object.fromEntries(
    Object.entries(feeds).map(([name, { data, shape, dtype = "float32" }]) => [
      name,
      tf.tensor(Array.from(data), shape, dtype),
    ]),
  );
  const given = outputs
    ? Object.fromEntries([graph.execute(fed, [...outputs])].flat().map((t, k) => [outputs[k] as string, t]))
    : (graph.predict(fed) as tf.NamedTensorMap);
  const read = Object.entries(given).map(
    ([name, t]) => [name, { shape: t.shape, data: t.dataSync().slice(), dtype: t.dtype as "float32" }] as const,
  );
  tf.dispose([fed, given]);
  return Object.fromEntries(read);
}

export const tensorCount = (): number => tf.memory().numTensors;
