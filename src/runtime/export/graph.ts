/** A plan as the nodes of a graph that tfjs executes: no loops, no resources, weights as constants. */
import type { Plan } from "../../compiler/plan/plan.js";
import { reach } from "../../compiler/system/deps.js";
import type { Numbers } from "../feeds.js";
import { record } from "../tfjs/graph/record.js";
import type { AttrValue, NodeDef } from "../tfjs/graph/saved-model.js";
import type { Binding } from "../tfjs/kernels/binding.js";
import type { Memory } from "../tfjs/memory.js";
import { memoryOf } from "../tfjs/tensorflow.js";
import { convertible } from "./kernels.js";
import type { Constants } from "./parts.js";

export type WeightDtype = "float32" | "int32" | "bool";

export interface Weight {
  readonly name: string;
  readonly dtype: WeightDtype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export interface Port {
  readonly name: string;
  readonly dtype: "float32" | "int32";
  readonly shape: readonly number[];
}

export interface TfjsGraph {
  readonly nodes: readonly NodeDef[];
  readonly weights: readonly Weight[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** TensorFlow's numbers (tensorflow/core/framework/types.proto); of attributes only that they differ matters. */
const NUMBERS = {
  TF_FLOAT: 1,
  TF_INT32: 3,
  TF_BOOL: 10,
  TF_ATTR_STRING: 0,
  TF_ATTR_INT: 1,
  TF_ATTR_BOOL: 2,
  TF_ATTR_TYPE: 3,
} as const;
export const TYPE_NAMES: Readonly<Record<number, string>> = { 1: "DT_FLOAT", 3: "DT_INT32", 10: "DT_BOOL" };
const DTYPES: Readonly<Record<number, WeightDtype>> = { 1: "float32", 3: "int32", 10: "bool" };

/** Only its numbers are looked at. */
const numbers = NUMBERS as unknown as Binding;

/** The kernels of TensorFlow, as far as tfjs's executor has them too. */
function executorMemory(binding: Binding): Memory<number> {
  const memory = memoryOf(binding);
  return { ...memory, kernels: { ...memory.kernels, ...convertible(binding) } };
}

const bytesOf = (data: Numbers): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();

/** `constants`: of what the plan is given, what is a weight; `defaults`: what stands for an input that is not fed. */
export function graphOf(plan: Plan, constants: Constants, defaults: ReadonlyMap<string, Numbers>): TfjsGraph {
  const graph = record(plan, numbers, executorMemory, true);
  if (graph.host.length) throw new Error("lengths are no inputs yet");
  const feeds = graph.feeds === "" ? [] : graph.feeds.split(",");
  const names = new Map<string, string>();
  const given = new Map(graph.given.map((g, k) => [nodeOf(feeds[k] as string), g]));
  for (const [node, { id }] of given) names.set(node, id);
  for (const [k, output] of graph.fetches.split(",").entries())
    names.set(nodeOf(output), (graph.results[k] as { id: string }).id);
  const nameOf = (node: string): string => names.get(node) ?? `ops/${node}`;
  const [nodes, weights, inputs]: [NodeDef[], Weight[], Port[]] = [[], [], []];
  const weigh = (weight: Weight): void => {
    weights.push(weight);
    nodes.push({ name: weight.name, op: "Const", input: [], attr: { dtype: { type: typeOf(weight.dtype) } } });
  };
  for (const { name, op, input, attr } of graph.nodes) {
    const own = given.get(name);
    if (own) {
      const port: Port = { name: own.id, dtype: own.int ? "int32" : "float32", shape: own.shape };
      const known = constants.get(own.id)?.data;
      const preset = defaults.get(own.id);
      if (known) weigh({ ...port, bytes: bytesOf(known) });
      else inputs.push(port);
      if (known) continue;
      if (preset) weigh({ ...port, name: `${own.id}/default`, bytes: bytesOf(preset) });
      nodes.push({
        name: own.id,
        op: preset ? "PlaceholderWithDefault" : "Placeholder",
        input: preset ? [`${own.id}/default`] : [],
        attr,
      });
    } else if (op === "Const") weigh(constantOf(nameOf(name), attr["value"] as AttrValue));
    else nodes.push({ name: nameOf(name), op, input: input.map((i) => renamed(i, nameOf)), attr });
  }
  const outputs = graph.results.map(
    ({ id, shape, int }): Port => ({ name: id, dtype: int ? "int32" : "float32", shape }),
  );
  return needed({ nodes, weights, inputs, outputs });
}

/** Without the constants that a kernel made and did not use. */
function needed({ nodes, weights, inputs, outputs }: TfjsGraph): TfjsGraph {
  const byName = new Map(nodes.map((n) => [n.name, n]));
  const read = reach(
    outputs.map((o) => o.name),
    (name) => (byName.get(name)?.input ?? []).map((i) => i.split(":")[0] as string),
  );
  const isRead = ({ name }: { readonly name: string }): boolean => read.has(name);
  return { nodes: nodes.filter(isRead), weights: weights.filter(isRead), inputs: inputs.filter(isRead), outputs };
}

const nodeOf = (output: string): string => output.slice(0, output.indexOf(":"));

/** `n3:0` is the first output of a node, which goes without a number. */
function renamed(input: string, nameOf: (node: string) => string): string {
  const [node = "", out] = input.split(":");
  return out === "0" ? nameOf(node) : `${nameOf(node)}:${out}`;
}

const typeOf = (dtype: WeightDtype): number => (dtype === "float32" ? 1 : dtype === "int32" ? 3 : 10);

function constantOf(name: string, value: AttrValue): Weight {
  if (!("tensor" in value)) throw new Error(`${name} is a constant without a tensor`);
  const { dtype, tensorShape, tensorContent } = value.tensor;
  return {
    name,
    dtype: DTYPES[dtype] as WeightDtype,
    shape: tensorShape.dim.map((d) => d.size),
    bytes: tensorContent,
  };
}
