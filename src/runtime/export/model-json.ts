/** A graph as the JSON file that `tf.loadGraphModel` reads (tfjs-core/src/io/types.ts, `ModelJSON`). */
import type { AttrValue, NodeDef } from "../tfjs/graph/saved-model.js";
import { type Port, type TfjsGraph, TYPE_NAMES } from "./graph.js";
import type { ManifestGroup } from "./weights.js";

export interface ModelJson {
  readonly format: "graph-model";
  readonly generatedBy: string;
  readonly convertedBy: null;
  readonly signature: object;
  readonly userDefinedMetadata: object;
  readonly modelTopology: object;
  readonly weightsManifest: readonly ManifestGroup[];
}

/**
 * `outputs`: what `predict` gives, by name. Others are had by `execute`. `about`: whatever a page needs to know, beside the
 * keys that tfjs looks for.
 */
export function modelJson(
  graph: TfjsGraph,
  outputs: readonly Port[],
  weightsManifest: readonly ManifestGroup[],
  { generatedBy, about }: { readonly generatedBy: string; readonly about: object },
): ModelJson {
  return {
    format: "graph-model",
    generatedBy,
    convertedBy: null,
    signature: { inputs: tensorInfos(graph.inputs), outputs: tensorInfos(outputs) },
    userDefinedMetadata: { structuredOutputKeys: outputs.map((o) => o.name), recurve: about },
    modelTopology: { node: graph.nodes.map(nodeJson), versions: {} },
    weightsManifest,
  };
}

const tensorInfos = (ports: readonly Port[]): object =>
  Object.fromEntries(
    ports.map(({ name, dtype, shape }) => [
      name,
      { name, dtype: dtype === "int32" ? "DT_INT32" : "DT_FLOAT", tensorShape: shapeJson(shape) },
    ]),
  );

/** 64-bit integers are strings in the JSON form of protocol buffers. */
const shapeJson = (shape: readonly number[]): object => ({ dim: shape.map((size) => ({ size: String(size) })) });

const nodeJson = ({ name, op, input, attr }: NodeDef): object => ({
  name,
  op,
  input,
  attr: Object.fromEntries(Object.entries(attr).map(([key, value]) => [key, attrJson(key, value)])),
});

function attrJson(key: string, value: AttrValue): object {
  if ("type" in value) return { type: TYPE_NAMES[value.type] };
  if ("shape" in value) return { shape: shapeJson(value.shape.dim.map((d) => d.size)) };
  if ("s" in value) return { s: Buffer.from(value.s).toString("base64") };
  if ("i" in value) return { i: String(value.i) };
  if ("list" in value) return { list: { i: value.list.i.map(String) } };
  if ("b" in value || "f" in value) return value;
  throw new Error(`the attribute ${key} is a tensor`);
}
