/**
 * Graphs as TensorFlow stores them. The messages are the part of TensorFlow's protocol that a graph without functions
 * and variables needs, by its field numbers (tensorflow/core/framework/{graph,node_def,attr_value,tensor}.proto and
 * core/protobuf/{meta_graph,saved_model}.proto).
 */
import protobuf from "protobufjs";

const PROTO = `
  syntax = "proto3";
  package tensorflow;
  message Dim { int64 size = 1; }
  message Shape { repeated Dim dim = 2; }
  message Tensor { int32 dtype = 1; Shape tensor_shape = 2; bytes tensor_content = 4; }
  message List { repeated int64 i = 3; }
  message AttrValue {
    oneof value { List list = 1; bytes s = 2; int64 i = 3; float f = 4; bool b = 5; int32 type = 6; Shape shape = 7; Tensor tensor = 8; }
  }
  message NodeDef { string name = 1; string op = 2; repeated string input = 3; map<string, AttrValue> attr = 5; }
  message VersionDef { int32 producer = 1; }
  message GraphDef { repeated NodeDef node = 1; VersionDef versions = 4; }
  message MetaInfoDef { string meta_graph_version = 1; repeated string tags = 4; string tensorflow_version = 5; }
  message MetaGraphDef { MetaInfoDef meta_info_def = 1; GraphDef graph_def = 2; }
  message SavedModel { int64 saved_model_schema_version = 1; repeated MetaGraphDef meta_graphs = 2; }
`;

interface Shape {
  readonly dim: readonly { readonly size: number }[];
}

export type AttrValue =
  | { readonly list: { readonly i: readonly number[] } }
  | { readonly s: Uint8Array }
  | { readonly i: number }
  | { readonly f: number }
  | { readonly b: boolean }
  | { readonly type: number }
  | { readonly shape: Shape }
  | { readonly tensor: { readonly dtype: number; readonly tensorShape: Shape; readonly tensorContent: Uint8Array } };

export interface NodeDef {
  readonly name: string;
  readonly op: string;
  /** `node`, `node:1` for a further output. */
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, AttrValue>>;
}

export const TAG = "serve";
/** The version of graphs since TensorFlow 2.9: what the addon that tfjs-node installs by itself can read. */
const PRODUCER = 1087;

let type: protobuf.Type | undefined;

/** The bytes of `saved_model.pb`. */
export function savedModel(nodes: readonly NodeDef[]): Uint8Array {
  type ??= protobuf.parse(PROTO).root.lookupType("tensorflow.SavedModel");
  const metaInfoDef = { metaGraphVersion: "1", tags: [TAG], tensorflowVersion: "2.9.1" };
  const graphDef = { node: nodes, versions: { producer: PRODUCER } };
  return type.encode(type.fromObject({ savedModelSchemaVersion: 1, metaGraphs: [{ metaInfoDef, graphDef }] })).finish();
}

export const shapeOf = (shape: readonly number[]): Shape => ({ dim: shape.map((size) => ({ size })) });
