/**
 * Stands in for tfjs-node's binding and writes down what is executed: kernels that run on it once become the nodes of a
 * graph, and ids of tensors stand for outputs of nodes.
 */
import type { Binding, OpAttr } from "../kernels/binding.js";
import type { Dtype, Values } from "../memory.js";
import { type AttrValue, type NodeDef, shapeOf } from "./saved-model.js";

type Attrs = NodeDef["attr"];
/** TensorFlow's number for the type of a handle. */
const DT_RESOURCE = 20;

interface Frame {
  readonly name: string;
  /** What was taken in from around it. */
  readonly entered: Map<number, number>;
}

export interface TensorArray {
  readonly handle: number;
  readonly flow: number;
  readonly dtype: Dtype;
}

/** What runs on the host cannot stand in a graph. */
export class NotInGraph extends Error {}

export class Recorder {
  readonly nodes: NodeDef[] = [];
  readonly binding: Binding;
  readonly #outputs: string[] = [];
  /** Constants and their types. */
  readonly #constants = new Map<number, number>();
  /** The loop that is being recorded. */
  #frame: Frame | null = null;
  #loops = 0;

  constructor(readonly real: Binding) {
    this.binding = {
      ...constants(real),
      createTensor: (shape, dtype, values) => this.#constant(shape, dtype, values),
      executeOp: (op, attrs, inputs, outputs) => this.#execute(op, attrs, inputs, outputs),
      deleteTensor: () => undefined,
      tensorDataSync: () => unavailable("reading a tensor"),
      getNumOfTensors: () => this.#outputs.length,
      loadSavedModel: () => unavailable("a graph"),
      runSavedModel: () => unavailable("a graph"),
      deleteSavedModel: () => unavailable("a graph"),
    };
  }

  /** Where a tensor comes from: `n3:0`. */
  output(id: number): string {
    const output = this.#outputs[id];
    if (output === undefined) throw new Error(`tensor ${id} is no output of the graph`);
    return output;
  }

  placeholder(dtype: Dtype, shape: readonly number[]): number {
    return this.#node("Placeholder", [], { dtype: this.#type(dtype), shape: { shape: shapeOf(shape) } }, 1);
  }

  integer(value: number): number {
    return this.#constant([], this.real.TF_INT32, Int32Array.of(value));
  }

  /** `index` + 1 or − 1. */
  plus(index: number, step: number): number {
    return this.#node("AddV2", [index, this.integer(step)], { T: this.#type("int32") }, 1);
  }

  /** Tensors one behind the other along dim 0. */
  join(parts: readonly number[], dtype: Dtype): number {
    if (parts.length === 1) return parts[0] as number;
    const attr = { T: this.#type(dtype), Tidx: this.#type("int32"), N: { i: parts.length } };
    return this.#node("ConcatV2", [...parts, this.integer(0)], attr, 1);
  }

  /** The block number `index` of a tensor along dim 0. */
  block(whole: number, index: number, shape: readonly number[], dtype: Dtype): number {
    const int = this.#type("int32");
    const numbers = (values: readonly number[]): number =>
      this.#constant([values.length], this.real.TF_INT32, Int32Array.from(values));
    const begin = this.#node("Mul", [index, numbers(shape.map((n, i) => (i === 0 ? n : 0)))], { T: int }, 1);
    return this.#node("Slice", [whole, begin, numbers(shape)], { T: this.#type(dtype), Index: int }, 1);
  }

  /** Room for as many tensors as a loop runs. Those that are not written are 0 when they are read. */
  tensorArray(size: number, dtype: Dtype, shape: readonly number[]): TensorArray {
    const yes = { b: true };
    const element_shape = { shape: shapeOf(shape) };
    const attr = { dtype: this.#type(dtype), element_shape, identical_element_shapes: yes, clear_after_read: yes };
    const handle = this.#node("TensorArrayV3", [this.integer(size)], attr, 2);
    return { handle, flow: handle + 1, dtype };
  }

  /** The new flow. */
  writeArray({ handle, dtype }: TensorArray, index: number, value: number, flow: number): number {
    const own = this.#entered(handle, { type: DT_RESOURCE });
    return this.#node("TensorArrayWriteV3", [own, index, value, flow], { T: this.#type(dtype) }, 1);
  }

  /** The same tensor, past which TensorFlow rewrites nothing. */
  barrier(id: number, shape: readonly number[]): number {
    return this.#node("EnsureShape", [id], { T: this.#type("float32"), shape: { shape: shapeOf(shape) } }, 1);
  }

  /** All its tensors one behind the other along dim 0. */
  readArray({ handle, dtype }: TensorArray, flow: number): number {
    return this.#node("TensorArrayConcatV3", [handle, flow], { dtype: this.#type(dtype) }, 2);
  }

  /** A tensor from around the loop that is being recorded. */
  enter(id: number, dtype: Dtype): number {
    return this.#entered(id, this.#type(dtype));
  }

  /**
   * Records a loop: while the first variable, an integer, is less (greater) than `end`, `body` makes the next variables of
   * the present ones. `until`: the number of a variable that must be above 0, too. Gives the variables as they are in the end.
   */
  loop(
    initial: readonly { readonly id: number; readonly dtype: Dtype }[],
    compare: "Less" | "Greater",
    end: number,
    body: (variables: readonly number[]) => readonly number[],
    until?: number,
  ): number[] {
    if (this.#frame) throw new NotInGraph("a loop in a loop");
    const frame = `loop${this.#loops++}`;
    this.#frame = { name: frame, entered: new Map() };
    const types = initial.map(({ dtype }) => ({ T: this.#type(dtype) }));
    const nextName = (k: number): string => `${frame}/next${k}`;
    const merged = initial.map(({ id }, k) => {
      const attr = { ...types[k], ...this.#frameAttr(false) };
      const entered = this.#named(`${frame}/enter${k}`, "Enter", [this.output(id)], attr, 1);
      return this.#named(
        `${frame}/merge${k}`,
        "Merge",
        [this.output(entered), nextName(k)],
        { ...types[k], N: { i: 2 } },
        2,
      );
    });
    const test = this.#node(compare, [merged[0] as number, this.integer(end)], { T: this.#type("int32") }, 1);
    const tests =
      until === undefined ? test : this.#node("LogicalAnd", [test, this.#isAbove0(merged[until] as number)], {}, 1);
    const goesOn = this.#node("LoopCond", [tests], {}, 1);
    const switched = merged.map((id, k) => this.#node("Switch", [id, goesOn], types[k] as Attrs, 2));
    const next = body(switched.map((id) => id + 1));
    next.forEach((id, k) => {
      this.#named(nextName(k), "NextIteration", [this.output(this.#inFrame(id))], types[k] as Attrs, 1);
    });
    this.#frame = null;
    return switched.map((id, k) => this.#named(`${frame}/exit${k}`, "Exit", [this.output(id)], types[k] as Attrs, 1));
  }

  #isAbove0(id: number): number {
    const zero = this.#constant([], this.real.TF_FLOAT, Float32Array.of(0));
    return this.#node("Greater", [id, zero], { T: this.#type("float32") }, 1);
  }

  #constant(shape: readonly number[], dtype: number, values: Values): number {
    const tensorContent = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
    const tensor = { dtype, tensorShape: shapeOf(shape), tensorContent };
    const id = this.#node("Const", [], { dtype: { type: dtype }, value: { tensor } }, 1);
    this.#constants.set(id, dtype);
    return id;
  }

  #execute(op: string, attrs: readonly OpAttr[], inputs: readonly number[], outputs: number): { id: number }[] {
    const first = this.#node(op, inputs, Object.fromEntries(attrs.map((a) => [a.name, this.#attr(a)])), outputs);
    return Array.from({ length: outputs }, (_, k) => ({ id: first + k }));
  }

  /** The id of the first output; those of the others follow. */
  #node(op: string, inputs: readonly number[], attr: Attrs, outputs: number): number {
    const own = inputs.map((id) => this.output(this.#inFrame(id)));
    return this.#named(`n${this.nodes.length}`, op, own, attr, outputs);
  }

  #named(name: string, op: string, input: readonly string[], attr: Attrs, outputs: number): number {
    this.nodes.push({ name, op, input, attr });
    const first = this.#outputs.length;
    for (let k = 0; k < outputs; k++) this.#outputs.push(`${name}:${k}`);
    return first;
  }

  /** Constants stand outside of loops, where nothing would start them; a loop takes them in. */
  #inFrame(id: number): number {
    const dtype = this.#frame && this.#constants.get(id);
    return dtype === null || dtype === undefined ? id : this.#entered(id, { type: dtype });
  }

  #entered(id: number, type: { readonly type: number }): number {
    const { entered } = this.#frame as Frame;
    const known = entered.get(id);
    if (known !== undefined) return known;
    const name = `n${this.nodes.length}`;
    const own = this.#named(name, "Enter", [this.output(id)], { T: type, ...this.#frameAttr(true) }, 1);
    entered.set(id, own);
    return own;
  }

  #frameAttr = (isConstant: boolean): Attrs => ({
    frame_name: { s: new TextEncoder().encode((this.#frame as Frame).name) },
    is_constant: { b: isConstant },
    parallel_iterations: { i: 1 },
  });

  #type(dtype: Dtype): { readonly type: number } {
    const { TF_FLOAT, TF_INT32, TF_BOOL } = this.real;
    return { type: dtype === "float32" ? TF_FLOAT : dtype === "int32" ? TF_INT32 : TF_BOOL };
  }

  #attr({ name, type, value }: OpAttr): AttrValue {
    const { TF_ATTR_TYPE, TF_ATTR_BOOL, TF_ATTR_STRING, TF_ATTR_INT } = this.real;
    switch (type) {
      case TF_ATTR_TYPE:
        return { type: value as number };
      case TF_ATTR_BOOL:
        return { b: value as boolean };
      case TF_ATTR_STRING:
        return { s: new TextEncoder().encode(value as string) };
      case TF_ATTR_INT:
        return Array.isArray(value) ? { list: { i: value as number[] } } : { i: value as number };
      default:
        throw new Error(`the attribute ${name} is of a kind that no graph here has`);
    }
  }
}

const unavailable = (what: string): never => {
  throw new NotInGraph(`${what} is no part of a graph`);
};

/** The numbers by which TensorFlow names types, the same for tensors and in graphs. */
const constants = ({
  TF_FLOAT,
  TF_INT32,
  TF_BOOL,
  TF_ATTR_TYPE,
  TF_ATTR_BOOL,
  TF_ATTR_INT,
  TF_ATTR_STRING,
}: Binding) => ({ TF_FLOAT, TF_INT32, TF_BOOL, TF_ATTR_TYPE, TF_ATTR_BOOL, TF_ATTR_INT, TF_ATTR_STRING });
