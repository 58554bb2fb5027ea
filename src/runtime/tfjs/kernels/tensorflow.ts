/**
 * TensorFlow's own ops, executed one by one through tfjs-node's binding. A handle is the binding's number of a tensor:
 * neither tfjs's engine nor its tensors are involved.
 */
import { offsets } from "../../../compiler/plan/known.js";
import { type BinaryOp, size } from "../../../compiler/plan/types.js";
import { type Dtype, type Kernel, type KernelCall, type Kernels, kernelsOf, type Values } from "../memory.js";
import { tensorflowBeam } from "./beam-tensorflow.js";
import type { Binding, OpAttr } from "./binding.js";
import { tensorflowChoose } from "./choose-tensorflow.js";
import { logdetKernel, solveKernel } from "./matrices.js";
import { UNARY } from "./unary.js";

const BINARY: Readonly<Record<BinaryOp, string>> = {
  add: "AddV2",
  mul: "Mul",
  div: "RealDiv",
  pow: "Pow",
  maximum: "Maximum",
  minimum: "Minimum",
  mod: "FloorMod",
  less: "Less",
  lessEqual: "LessEqual",
  equal: "Equal",
};

/** Up to this many rows of the table, a sum by index is a product with one-hot vectors: a matmul is faster there. */
const ONE_HOT_ROWS = 512;

/** `mayMiss`: can a token be −1? Then gathers look; otherwise TensorFlow's own check of the range stands. */
export function tensorflowKernels(binding: Binding, mayMiss: () => boolean): Kernels<number> {
  const typeOf = (dtype: Dtype): number =>
    dtype === "float32" ? binding.TF_FLOAT : dtype === "int32" ? binding.TF_INT32 : binding.TF_BOOL;
  const type = (name: string, dtype: Dtype): OpAttr => ({ name, type: binding.TF_ATTR_TYPE, value: typeOf(dtype) });
  const bool = (name: string, value: boolean): OpAttr => ({ name, type: binding.TF_ATTR_BOOL, value });
  const int = (name: string, value: number | readonly number[]): OpAttr => ({ name, type: binding.TF_ATTR_INT, value });
  const text = (name: string, value: string): OpAttr => ({ name, type: binding.TF_ATTR_STRING, value });
  const execute = (name: string, attrs: readonly OpAttr[], inputs: readonly number[]): number =>
    (binding.executeOp(name, attrs, inputs, 1)[0] as { id: number }).id;

  const attr = <T>(call: KernelCall<number>, name: string): T => call.instr.attrs[name] as T;
  const out = (call: KernelCall<number>): readonly number[] => call.instr.shapes[0] as readonly number[];
  const ints = (call: KernelCall<number>, values: readonly number[], shape = [values.length]): number =>
    call.constant(Int32Array.from(values), shape);
  const scalar = (call: KernelCall<number>, value: number): number => call.constant(Float32Array.of(value), []);

  /** One op on the arguments and constants after them. */
  const plain =
    (
      name: string,
      attrs: (call: KernelCall<number>) => readonly OpAttr[],
      more: (call: KernelCall<number>) => readonly number[] = () => [],
    ): Kernel<number> =>
    (call) => {
      const own = attrs(call);
      const rest = more(call);
      return (args) => [execute(name, own, rest.length ? [...args, ...rest] : args)];
    };
  const typed = (call: KernelCall<number>): OpAttr[] => [type("T", call.dtypes[0] as Dtype)];
  const unary = (name: string): Kernel<number> => plain(name, typed);
  const binary = (name: string): Kernel<number> =>
    plain(name, (c) => (name === "Equal" ? [...typed(c), bool("incompatible_shape_error", true)] : typed(c)));
  const reduction = (name: string): Kernel<number> =>
    plain(
      name,
      (c) => [...typed(c), type("Tidx", "int32"), bool("keep_dims", false)],
      (c) => [ints(c, attr(c, "axes"))],
    );
  const cast = (x: number, from: Dtype, to: Dtype): number =>
    execute("Cast", [type("SrcT", from), type("DstT", to), bool("Truncate", false)], [x]);
  const windowed = (call: KernelCall<number>): OpAttr[] => [
    type("T", "float32"),
    int("strides", [1, attr(call, "stride"), attr(call, "stride"), 1]),
    text("padding", attr<string | undefined>(call, "pad") === "same" ? "SAME" : "VALID"),
    text("data_format", "NHWC"),
  ];
  const convolution = (call: KernelCall<number>): OpAttr[] => [
    ...windowed(call),
    bool("use_cudnn_on_gpu", true),
    int("dilations", [1, 1, 1, 1]),
  ];
  const pooling = (call: KernelCall<number>): OpAttr[] => [
    ...windowed(call),
    int("ksize", [1, attr(call, "size"), attr(call, "size"), 1]),
  ];
  /** Computed here: the numbers are read and written. */
  const hostMade =
    (make: (call: KernelCall<number>) => (result: Values, args: readonly Values[]) => void): Kernel<number> =>
    (call) => {
      const fill = make(call);
      const shape = [...out(call)];
      return (args) => {
        const result = new Float32Array(size(shape));
        fill(
          result,
          args.map((id) => binding.tensorDataSync(id)),
        );
        return [binding.createTensor(shape, binding.TF_FLOAT, result)];
      };
    };
  const oneHotAttrs = [int("axis", -1), type("T", "float32"), type("TI", "int32")];

  return {
    ...kernelsOf(UNARY, unary),
    ...kernelsOf(BINARY, binary),
    affine: (call) => {
      const [a, b] = [attr<number>(call, "a"), attr<number>(call, "b")];
      const t = [type("T", "float32")];
      const [ka, kb] = [scalar(call, a), scalar(call, b)];
      if (b === 0 && a === -1) return ([x]) => [execute("Neg", t, [x as number])];
      if (b === 0) return ([x]) => [execute("Mul", t, [x as number, ka])];
      if (a === 1) return ([x]) => [execute("AddV2", t, [x as number, kb])];
      if (a === -1) return ([x]) => [execute("Sub", t, [kb, x as number])];
      return ([x]) => {
        const scaled = execute("Mul", t, [x as number, ka]);
        const result = execute("AddV2", t, [scaled, kb]);
        binding.deleteTensor(scaled);
        return [result];
      };
    },
    choose: tensorflowChoose(binding),
    beam: tensorflowBeam(binding),
    sigmoidGrad: plain("SigmoidGrad", typed),
    tanhGrad: plain("TanhGrad", typed),
    split: (call) => {
      const parts = call.instr.shapes;
      const axis = attr<number>(call, "axis");
      const lengths = parts.map((s) => s[axis] as number);
      const count = int("num_split", parts.length);
      const along = ints(call, [axis], []);
      if (lengths.every((n) => n === lengths[0]))
        return ([x]) =>
          binding.executeOp("Split", [...typed(call), count], [along, x as number], parts.length).map((t) => t.id);
      const attrs = [...typed(call), type("Tlen", "int32"), count];
      const sizes = ints(call, lengths);
      return ([x]) => binding.executeOp("SplitV", attrs, [x as number, sizes, along], parts.length).map((t) => t.id);
    },
    where: (call) => {
      const attrs = [type("T", call.dtype)];
      const condition = call.dtypes[0] as Dtype;
      return ([c, x, y]) => {
        if (condition === "bool") return [execute("SelectV2", attrs, [c as number, x as number, y as number])];
        const truth = cast(c as number, condition, "bool");
        const result = execute("SelectV2", attrs, [truth, x as number, y as number]);
        binding.deleteTensor(truth);
        return [result];
      };
    },
    matmul: plain("MatMul", (c) => [
      type("T", "float32"),
      bool("transpose_a", attr(c, "ta")),
      bool("transpose_b", attr(c, "tb")),
    ]),
    bmm: plain("BatchMatMulV2", (c) => [
      type("T", "float32"),
      bool("adj_x", attr(c, "ta")),
      bool("adj_y", attr(c, "tb")),
    ]),
    transpose: plain(
      "Transpose",
      (c) => [...typed(c), type("Tperm", "int32")],
      (c) => [ints(c, attr(c, "perm"))],
    ),
    concat: plain(
      "ConcatV2",
      (c) => [...typed(c), int("N", c.shapes.length), type("Tidx", "int32")],
      (c) => [ints(c, [attr(c, "axis")], [])],
    ),
    slice: plain(
      "Slice",
      (c) => [...typed(c), type("Index", "int32")],
      (c) => {
        const [axis, from] = [attr<number>(c, "axis"), attr<number>(c, "from")];
        const begin = out(c).map((_, i) => (i === axis ? from : 0));
        return [ints(c, begin), ints(c, out(c))];
      },
    ),
    pad: plain(
      "Pad",
      (c) => [...typed(c), type("Tpaddings", "int32")],
      (c) => {
        const [axis, from, total] = [attr<number>(c, "axis"), attr<number>(c, "from"), attr<number>(c, "total")];
        const shape = c.shapes[0] as readonly number[];
        const after = total - from - (shape[axis] as number);
        const pads = shape.flatMap((_, i) => (i === axis ? [from, after] : [0, 0]));
        return [ints(c, pads, [shape.length, 2])];
      },
    ),
    unstack: (call) => {
      const n = call.instr.shapes.length;
      const attrs = [...typed(call), int("num", n), int("axis", 0)];
      return (args) => binding.executeOp("Unpack", attrs, args, n).map((t) => t.id);
    },
    expand: plain(
      "BroadcastTo",
      (c) => [...typed(c), type("Tidx", "int32")],
      (c) => [ints(c, out(c))],
    ),
    rows: (call) => {
      const integers = [type("T", "int32")];
      const [from, n, step] = [attr<number>(call, "from"), attr<number>(call, "n"), attr<number>(call, "stride")];
      const [first, none] = [ints(call, [from], []), ints(call, [-1], [])];
      const [last, stride] = [ints(call, [from + n], []), ints(call, [step], [])];
      const own = offsets(out(call), attr(call, "strides"));
      const base = ints(
        call,
        own.map((o) => o - from * step),
        [...out(call)],
      );
      return ([index, limit]) => {
        const above = execute("GreaterEqual", integers, [index as number, first]);
        const end = limit === undefined ? last : execute("Minimum", integers, [limit, last]);
        const below = execute("Less", integers, [index as number, end]);
        const inside = execute("LogicalAnd", [], [above, below]);
        const scaled = execute("Mul", integers, [index as number, stride]);
        const row = execute("AddV2", integers, [scaled, base]);
        const result = execute("SelectV2", integers, [inside, row, none]);
        for (const id of [above, below, inside, scaled, row, ...(limit === undefined ? [] : [end])])
          binding.deleteTensor(id);
        return [result];
      };
    },
    gather: (call) => {
      const dtype = call.dtype;
      const attrs = [type("Tparams", dtype), type("Tindices", "int32"), type("Taxis", "int32"), int("batch_dims", 0)];
      const missing = attr<boolean | undefined>(call, "missing") === true;
      const axis = ints(call, [0], []);
      const none = ints(call, [0], []);
      const zero = dtype === "int32" ? none : scalar(call, 0);
      const column = ints(call, [
        out(call)[0] as number,
        ...out(call)
          .slice(1)
          .map(() => 1),
      ]);
      const integers = [type("T", "int32")];
      return ([table, index]) => {
        if (!missing && !mayMiss()) return [execute("GatherV2", attrs, [table as number, index as number, axis])];
        const safe = execute("Maximum", integers, [index as number, none]);
        const found = execute("GatherV2", attrs, [table as number, safe, axis]);
        const present = execute("GreaterEqual", integers, [index as number, none]);
        const mask = execute("Reshape", [type("T", "bool"), type("Tshape", "int32")], [present, column]);
        const result = execute("SelectV2", [type("T", dtype)], [mask, found, zero]);
        for (const id of [safe, found, present, mask]) binding.deleteTensor(id);
        return [result];
      };
    },
    scatter: (call) => {
      const n = attr<number>(call, "n");
      const x = call.shapes[0] as readonly number[];
      const rows = x[0] as number;
      if (n > ONE_HOT_ROWS || x.length !== 2) {
        const attrs = [type("T", "float32"), type("Tindices", "int32"), type("Tnumsegments", "int32")];
        const count = ints(call, [n], []);
        return ([v, index]) => [execute("UnsortedSegmentSum", attrs, [v as number, index as number, count])];
      }
      const [depth, on, off] = [ints(call, [n], []), scalar(call, 1), scalar(call, 0)];
      const product = [type("T", "float32"), bool("transpose_a", true), bool("transpose_b", false)];
      if (size(x) !== rows * (x[1] as number)) throw new Error("a table has rows of one length");
      return ([v, index]) => {
        const hot = execute("OneHot", oneHotAttrs, [index as number, depth, on, off]);
        const result = execute("MatMul", product, [hot, v as number]);
        binding.deleteTensor(hot);
        return [result];
      };
    },
    onehot: plain(
      "OneHot",
      () => oneHotAttrs,
      (c) => [ints(c, [attr(c, "n")], []), scalar(c, 1), scalar(c, 0)],
    ),
    toFloat: plain("Cast", (c) => [
      type("SrcT", c.dtypes[0] as Dtype),
      type("DstT", "float32"),
      bool("Truncate", false),
    ]),
    toInt: plain("Cast", (c) => [type("SrcT", c.dtypes[0] as Dtype), type("DstT", "int32"), bool("Truncate", false)]),
    argmax: plain(
      "ArgMax",
      (c) => [...typed(c), type("Tidx", "int32"), type("output_type", "int32")],
      (c) => [ints(c, [1], [])],
    ),
    sum: reduction("Sum"),
    max: reduction("Max"),
    softmax: plain("Softmax", typed),
    xent: () => {
      const attrs = [type("T", "float32"), type("Tlabels", "int32")];
      return (args) => binding.executeOp("SparseSoftmaxCrossEntropyWithLogits", attrs, args, 2).map((t) => t.id);
    },
    // TensorFlow's own refuses a singular matrix, which padding may hold
    solve: hostMade(solveKernel),
    logdet: hostMade(logdetKernel),
    conv2d: plain("Conv2D", convolution),
    conv2dInput: (call) => {
      const attrs = convolution(call);
      const shape = ints(call, out(call));
      return ([dy, kernel]) => [execute("Conv2DBackpropInput", attrs, [shape, kernel as number, dy as number])];
    },
    conv2dFilter: (call) => {
      const attrs = convolution(call);
      const shape = ints(call, out(call));
      return ([x, dy]) => [execute("Conv2DBackpropFilter", attrs, [x as number, shape, dy as number])];
    },
    maxpool: plain("MaxPool", pooling),
    maxpoolGrad: (call) => {
      const attrs = pooling(call);
      return ([dy, x, y]) => [execute("MaxPoolGrad", attrs, [x as number, y as number, dy as number])];
    },
    maxpoolPick: (call) => {
      const attrs = pooling(call);
      return ([g, x, y]) => [execute("MaxPoolGradGrad", attrs, [x as number, y as number, g as number])];
    },
    avgpool: plain("AvgPool", pooling),
    avgpoolGrad: (call) => {
      const attrs = pooling(call);
      const shape = ints(call, out(call));
      return ([dy]) => [execute("AvgPoolGrad", attrs, [shape, dy as number])];
    },
  };
}
