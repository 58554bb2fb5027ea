/**
 * The op `choose` by TensorFlow's ops, in double precision as everywhere: running sums of weights, and how many of these the
 * uniform number has passed.
 */
import { BEYOND, DRAWN, KNOWN } from "../../../compiler/choice.js";
import type { Kernel, KernelCall } from "../memory.js";
import type { Binding, OpAttr } from "./binding.js";

/** TensorFlow's number for double precision, which tfjs does not have. */
const DT_DOUBLE = 2;

type Wanted = (op: string, attrs: readonly OpAttr[], ...inputs: readonly number[]) => number;

export function tensorflowChoose(binding: Binding): Kernel<number> {
  const { TF_FLOAT: float, TF_INT32: int, TF_BOOL: bool, TF_ATTR_TYPE, TF_ATTR_BOOL, TF_ATTR_INT } = binding;
  const double = DT_DOUBLE;
  const type = (name: string, value: number): OpAttr => ({ name, type: TF_ATTR_TYPE, value });
  const flag = (name: string, value: boolean): OpAttr => ({ name, type: TF_ATTR_BOOL, value });
  const number = (name: string, value: number): OpAttr => ({ name, type: TF_ATTR_INT, value });
  const of = (t: number): OpAttr[] => [type("T", t)];
  const equal = (t: number): OpAttr[] => [...of(t), flag("incompatible_shape_error", true)];
  const casting = (from: number, to: number): OpAttr[] => [
    type("SrcT", from),
    type("DstT", to),
    flag("Truncate", false),
  ];
  const reducing = (t: number, keep: boolean): OpAttr[] => [...of(t), type("Tidx", int), flag("keep_dims", keep)];
  const slicing = (t: number): OpAttr[] => [...of(t), type("Index", int)];
  const reshaping = (t: number): OpAttr[] => [...of(t), type("Tshape", int)];
  const summing = [...of(double), type("Tidx", int), flag("exclusive", false), flag("reverse", false)];
  const gathering = [type("Tparams", int), type("Tindices", int), type("Taxis", int), number("batch_dims", 1)];
  const indexing = [...of(float), type("Tidx", int), type("output_type", int)];
  const packing = [...of(float), number("N", 3), number("axis", 1)];

  return (call: KernelCall<number>) => {
    const [rows, n] = call.shapes[0] as [number, number];
    const { never, end } = call.instr.attrs as unknown as { never: readonly number[]; end: number };
    const ints = (values: readonly number[], shape = [values.length]): number =>
      call.constant(Int32Array.from(values), shape);
    const floats = (values: readonly number[], shape: readonly number[]): number =>
      call.constant(Float32Array.from(values), shape);
    const may = Array.from({ length: n }, (_, i) => !never.includes(i));
    const barred = floats(
      may.map((m) => (m ? 0 : Number.NEGATIVE_INFINITY)),
      [n],
    );
    const [beyond, drawn, known, endToken] = [BEYOND, DRAWN, KNOWN, end].map((i) => ints([i], [])) as [
      number,
      ...number[],
    ];
    const [zero, one, size, last] = [0, 1, n, Math.max(may.lastIndexOf(true), 0)].map((i) => ints([i], [])) as [
      number,
      ...number[],
    ];
    const [along, row, column] = [ints([1]), ints([rows]), ints([rows, 1])];
    const third = ints([0, 2]);
    const parts = floats([2 ** -27, 2 ** -53], [2]);
    const [infinity, lowest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((x) => floats([x], [])) as [
      number,
      number,
    ];
    const none = floats([0], [1, 1]);

    /** Weights p^(1/temperature) up to a factor, and what the uniform number is of their sum. */
    const weights = (run: Wanted, z: number, temperature: number): number => {
      const exact = run("Cast", casting(float, double), z);
      const away = run("Sub", of(double), exact, run("Max", reducing(double, true), exact, along));
      const tempered = run("RealDiv", of(double), away, run("Cast", casting(float, double), temperature));
      return run("Cumsum", summing, run("Exp", of(double), tempered), one as number);
    };
    const uniform = (run: Wanted, us: number): number => {
      const own = run("Cast", casting(int, double), us);
      const scaled = run("Mul", of(double), own, run("Cast", casting(float, double), parts));
      return run("Sum", reducing(double, true), scaled, along);
    };
    const passed = (run: Wanted, held: number, share: number, isPossible: (isPassed: number) => number): number => {
      const isPassed = isPossible(run("LessEqual", of(double), held, share));
      return run("Sum", reducing(int, false), run("Cast", casting(bool, int), isPassed), along);
    };

    /** Among all values, by index. */
    const among = (run: Wanted, z: number, us: number, temperature: number): number => {
      const held = weights(run, z, temperature);
      const all = run("Max", reducing(double, true), held, along);
      const left = run("Mul", of(double), uniform(run, us), all);
      return run(
        "Minimum",
        of(int),
        passed(run, held, left, (is) => is),
        last as number,
      );
    };
    /** Among the likeliest, the likeliest first. */
    const amongFirst = (
      run: Wanted,
      order: number,
      z: number,
      us: number,
      temperature: number,
      top_p: number,
    ): number => {
      const held = weights(run, z, temperature);
      const all = run("Max", reducing(double, true), held, along);
      const enough = run("Mul", of(double), all, run("Cast", casting(float, double), top_p));
      const wide = run("Cast", casting(float, double), infinity);
      const sums = run("SelectV2", of(double), run("Less", of(double), held, enough), wide, held);
      const kept = run("Min", reducing(double, true), sums, along);
      const left = run("Mul", of(double), uniform(run, us), kept);
      const below = run("Less", of(double), held, kept);
      const place = passed(run, held, left, (is) => run("LogicalAnd", [], is, below));
      const found = run("GatherV2", gathering, order, run("Reshape", reshaping(int), place, column), one as number);
      return run("Reshape", reshaping(int), found, row);
    };

    return (args) => {
      const made: number[] = [];
      const several = (op: string, attrs: readonly OpAttr[], inputs: readonly number[], outputs: number): number[] => {
        const results = binding.executeOp(op, attrs, inputs, outputs).map((t) => t.id);
        made.push(...results);
        return results;
      };
      const run: Wanted = (op, attrs, ...inputs) => several(op, attrs, inputs, 1)[0] as number;
      const [z, given, before, us, temperature, top_k, top_p] = args as [number, number, number, ...number[]];
      const open = never.length ? run("AddV2", of(float), z, barred) : z;
      const likeliest = (us_: number, temperature_: number, k: number, p: number): number => {
        // an order of what cannot be compared does not exist
        const numbers = run("SelectV2", of(float), run("Equal", equal(float), open, open), open, lowest);
        const most = run(
          "SelectV2",
          of(int),
          run("Equal", equal(int), k, zero as number),
          size as number,
          run("Minimum", of(int), k, size as number),
        );
        const [values, order] = several("TopKV2", [flag("sorted", true), ...of(float)], [numbers, most], 2) as [
          number,
          number,
        ];
        return amongFirst(run, order, values, us_, temperature_, p);
      };
      const choice = (): number => {
        if (us === undefined) return run("ArgMax", indexing, open, one as number);
        if (top_k === undefined) return among(run, open, us, temperature as number);
        return likeliest(us, temperature as number, top_k, top_p as number);
      };

      const isDrawn = run("Equal", equal(int), given, drawn as number);
      const told = run("Maximum", of(int), run("Sub", of(int), given, known as number), zero as number);
      const value = run("SelectV2", of(int), isDrawn, choice(), told);
      const [loss] = several(
        "SparseSoftmaxCrossEntropyWithLogits",
        [...of(float), type("Tlabels", int)],
        [z, value],
        2,
      );
      const logp = run("Neg", of(float), loss as number);
      const isRight = run("LogicalOr", [], run("IsFinite", of(float), logp), run("LogicalNot", [], isDrawn));
      const isEnd = run("Equal", equal(int), value, endToken as number);
      const goesOn = run("LogicalAnd", [], run("LogicalNot", [], isEnd), isRight);
      const [token, more] = [run("Cast", casting(int, float), value), run("Cast", casting(bool, float), goesOn)];
      const packed = several("Pack", packing, [token, logp, more], 1)[0] as number;
      const isOpen = run("Greater", of(float), run("Slice", slicing(float), before, third, column), none);
      const isThere = run("Reshape", reshaping(bool), run("Greater", of(int), given, beyond), column);
      const result = run("SelectV2", of(float), run("LogicalAnd", [], isOpen, isThere), packed, none);
      for (const id of made) if (id !== result) binding.deleteTensor(id);
      return [result];
    };
  };
}
