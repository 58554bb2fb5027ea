/**
 * The op `choose` by TensorFlow's ops, in double precision as everywhere: values in order, running sums of their weights,
 * and how many of these the uniform number has passed.
 */
import { BEYOND, DRAWN, KNOWN } from "../../../compiler/choice.js";
import type { Kernel, KernelCall } from "../memory.js";
import type { Binding, OpAttr } from "./binding.js";

/** TensorFlow's number for double precision, which tfjs does not have. */
const DT_DOUBLE = 2;

export function tensorflowChoose(binding: Binding): Kernel<number> {
  const { TF_FLOAT: float, TF_INT32: int, TF_BOOL: bool, TF_ATTR_TYPE, TF_ATTR_BOOL, TF_ATTR_INT } = binding;
  const double = DT_DOUBLE;
  const type = (name: string, value: number): OpAttr => ({ name, type: TF_ATTR_TYPE, value });
  const flag = (name: string, value: boolean): OpAttr => ({ name, type: TF_ATTR_BOOL, value });
  const number = (name: string, value: number): OpAttr => ({ name, type: TF_ATTR_INT, value });

  return (call: KernelCall<number>) => {
    const [rows, n] = call.shapes[0] as [number, number];
    const { never, end } = call.instr.attrs as unknown as { never: readonly number[]; end: number };
    const ints = (values: readonly number[], shape = [values.length]): number =>
      call.constant(Int32Array.from(values), shape);
    const floats = (values: readonly number[], shape: readonly number[]): number =>
      call.constant(Float32Array.from(values), shape);
    const barred = floats(
      Array.from({ length: n }, (_, i) => (never.includes(i) ? Number.NEGATIVE_INFINITY : 0)),
      [n],
    );
    const [zero, one, beyond, drawn, known] = [0, 1, BEYOND, DRAWN, KNOWN].map((i) => ints([i], [])) as number[];
    const column = ints([1]);
    const [first, firstSize] = [ints([0, 0]), ints([rows, 1])];
    const [third, endToken] = [ints([0, 2]), ints([end], [])];
    const parts = floats([2 ** -27, 2 ** -53], [2]);
    const lowest = floats([Number.NEGATIVE_INFINITY], []);
    const infinity = floats([Number.POSITIVE_INFINITY], []);
    const none = floats([0], [1, 1]);

    return (args) => {
      const made: number[] = [];
      const run = (
        op: string,
        attrs: readonly OpAttr[],
        inputs: readonly (number | undefined)[],
        outputs = 1,
      ): number[] => {
        const results = binding.executeOp(op, attrs, inputs as readonly number[], outputs).map((t) => t.id);
        made.push(...results);
        return results;
      };
      const one1 = (op: string, attrs: readonly OpAttr[], ...inputs: (number | undefined)[]): number =>
        run(op, attrs, inputs)[0] as number;
      const of = (t: number) => [type("T", t)];
      const cast = (x: number, from: number, to: number): number =>
        one1("Cast", [type("SrcT", from), type("DstT", to), flag("Truncate", false)], x);
      const reduced = (op: string, t: number, x: number, keep: boolean): number =>
        one1(op, [type("T", t), type("Tidx", int), flag("keep_dims", keep)], x, column);
      const slice = (t: number, x: number, begin: number, size: number): number =>
        one1("Slice", [type("T", t), type("Index", int)], x, begin, size);

      const [z, given, before, us, temperature, top_k, top_p] = args as [number, number, number, ...number[]];
      // an order of what cannot be compared does not exist
      const isNumber = one1("Equal", [type("T", float), flag("incompatible_shape_error", true)], z, z);
      const numbers = one1("SelectV2", of(float), isNumber, z, lowest);
      const open = never.length ? one1("AddV2", of(float), numbers, barred) : numbers;

      const likeliest = (): number =>
        one1("ArgMax", [type("T", float), type("Tidx", int), type("output_type", int)], open, one);
      const draw = (): number => {
        const all = one1("Equal", [type("T", int), flag("incompatible_shape_error", true)], top_k, zero);
        const size = ints([n], []);
        const most = one1("SelectV2", of(int), all, size, one1("Minimum", of(int), top_k, size));
        const [values, order] = run("TopKV2", [flag("sorted", true), type("T", float)], [open, most], 2) as [
          number,
          number,
        ];
        const away = one1("Sub", of(float), values, slice(float, values, first as number, firstSize as number));
        const tempered = one1(
          "RealDiv",
          of(double),
          cast(away, float, double),
          cast(temperature as number, float, double),
        );
        const weights = one1("Exp", of(double), tempered);
        const axis = [type("T", double), type("Tidx", int), flag("exclusive", false), flag("reverse", false)];
        const held = one1("Cumsum", axis, weights, one);
        const enough = one1(
          "Mul",
          of(double),
          reduced("Max", double, held, true),
          cast(top_p as number, float, double),
        );
        const isBelow = one1("Less", of(double), held, enough);
        const sums = one1("SelectV2", of(double), isBelow, cast(infinity, float, double), held);
        const kept = reduced("Min", double, sums, true);
        const exact = one1("Mul", of(double), cast(us as number, int, double), cast(parts, float, double));
        const left = one1("Mul", of(double), reduced("Sum", double, exact, true), kept);
        const isPassed = one1("LessEqual", of(double), held, left);
        const isPast = one1("LogicalAnd", [], isPassed, one1("Less", of(double), held, kept));
        const place = reduced("Sum", int, cast(isPast, bool, int), true);
        const attrs = [type("Tparams", int), type("Tindices", int), type("Taxis", int), number("batch_dims", 1)];
        const found = one1("GatherV2", attrs, order, place, one);
        return one1("Reshape", [type("T", int), type("Tshape", int)], found, ints([rows]));
      };

      const taken = us === undefined ? likeliest() : draw();
      const isDrawn = one1("Equal", [type("T", int), flag("incompatible_shape_error", true)], given, drawn);
      const told = one1("Maximum", of(int), one1("Sub", of(int), given, known), zero);
      const value = one1("SelectV2", of(int), isDrawn, taken, told);
      const exactly = [type("T", double), type("Tlabels", int)];
      const [loss] = run("SparseSoftmaxCrossEntropyWithLogits", exactly, [cast(z, float, double), value], 2);
      const logp = one1("Neg", of(float), cast(loss as number, double, float));
      const isEnd = one1("Equal", [type("T", int), flag("incompatible_shape_error", true)], value, endToken);
      const isKnown = one1("LogicalOr", [], one1("LogicalNot", [], isDrawn), one1("IsFinite", of(float), logp));
      const goesOn = one1("LogicalAnd", [], one1("LogicalNot", [], isEnd), isKnown);
      const packed = run(
        "Pack",
        [type("T", float), number("N", 3), number("axis", 1)],
        [cast(value, int, float), logp, cast(goesOn, bool, float)],
      )[0] as number;
      const isOpen = one1("Greater", of(float), slice(float, before, third as number, firstSize as number), none);
      const isThere = one1("Greater", of(int), given, beyond);
      const wide = one1("Reshape", [type("T", bool), type("Tshape", int)], isThere, firstSize);
      const result = one1("SelectV2", of(float), one1("LogicalAnd", [], isOpen, wide), packed, none);
      for (const id of made) if (id !== result) binding.deleteTensor(id);
      return [result];
    };
  };
}
