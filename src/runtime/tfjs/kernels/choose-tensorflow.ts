/**
 * The op `choose` by TensorFlow's ops: probabilities in order, running sums of them, and how many of these the uniform
 * number has passed. As few ops as can be: in the loop of a decoder each costs as much as the arithmetic of a small cell.
 */
import { BEYOND, KNOWN } from "../../../compiler/choice.js";
import type { Kernel, KernelCall } from "../memory.js";
import type { Binding, OpAttr } from "./binding.js";
import { attributes, type DrawAttrs, DT_DOUBLE, onTheWay } from "./several.js";

/** Sums of more values than this are in double precision. */
const SINGLE = 4096;

export function tensorflowChoose(binding: Binding): Kernel<number> {
  const { TF_FLOAT: float, TF_INT32: int, TF_BOOL: bool } = binding;
  const { type, flag, number } = attributes(binding);
  const of = (t: number): OpAttr[] => [type("T", t)];
  const equal = (t: number): OpAttr[] => [...of(t), flag("incompatible_shape_error", true)];
  const casting = (from: number, to: number): OpAttr[] => [
    type("SrcT", from),
    type("DstT", to),
    flag("Truncate", false),
  ];
  const reducing = (t: number, keep: boolean): OpAttr[] => [...of(t), type("Tidx", int), flag("keep_dims", keep)];
  const reshaping = (t: number): OpAttr[] => [...of(t), type("Tshape", int)];
  const summing = (t: number): OpAttr[] => [
    ...of(t),
    type("Tidx", int),
    flag("exclusive", false),
    flag("reverse", false),
  ];
  const gathering = [type("Tparams", int), type("Tindices", int), type("Taxis", int), number("batch_dims", 1)];
  const indexing = [...of(float), type("Tidx", int), type("output_type", int)];
  const packing = [...of(float), number("N", 3), number("axis", 1)];
  // x[:, 2]
  const masks = { begin_mask: 1, end_mask: 1, ellipsis_mask: 0, new_axis_mask: 0, shrink_axis_mask: 2 };
  const striding = [...of(float), type("Index", int), ...Object.entries(masks).map(([name, m]) => number(name, m))];

  return (call: KernelCall<number>) => {
    const [rows, n] = call.shapes[0] as [number, number];
    const { never, end, free } = call.instr.attrs as unknown as DrawAttrs;
    const ints = (values: readonly number[], shape = [values.length]): number =>
      call.constant(Int32Array.from(values), shape);
    const integer = (value: number): number => ints([value], []);
    const floats = (values: readonly number[], shape: readonly number[]): number =>
      call.constant(Float32Array.from(values), shape);
    const may = Array.from({ length: n }, (_, i) => !never.includes(i));
    const t = n > SINGLE ? DT_DOUBLE : float;
    const [along, row, column] = [ints([1]), ints([rows]), ints([rows, 1])];
    const [begin, behind, stride] = [ints([0, 2]), ints([0, 3]), ints([1, 1])];
    const [zero, one, size] = [integer(0), integer(1), integer(n)];
    const last = integer(Math.max(may.lastIndexOf(true), 0));
    const [beyond, firstKnown, endToken] = [integer(BEYOND), integer(KNOWN), integer(end)];
    const lowest = floats([Number.NEGATIVE_INFINITY], []);
    const highest = floats([Number.POSITIVE_INFINITY], []);
    const bars = floats(
      may.map((m) => (m ? 0 : Number.NEGATIVE_INFINITY)),
      [n],
    );

    return (args) => {
      const { several, run, freeBut } = onTheWay(binding);
      const exact = (x: number): number => (t === float ? x : run("Cast", casting(float, t), x));
      const [z, given, before, us, temperature, top_k, top_p] = args as [number, number, number, ...number[]];
      const open = never.length ? run("AddV2", of(float), z, bars) : z;

      /** Running sums of p^(1/temperature) up to a factor. TensorFlow's own softmax is slow where there are few values. */
      const sums = (logits: number): number => {
        const own = exact(logits);
        const away = run("Sub", of(t), own, most(own));
        const weights = run("Exp", of(t), run("RealDiv", of(t), away, exact(temperature as number)));
        return run("Cumsum", summing(t), weights, one);
      };
      const uniform = (): number => exact(run("Reshape", reshaping(float), us as number, column));
      const most = (x: number): number => run("Max", reducing(t, true), x, along);
      const count = (truths: number): number =>
        run("Sum", reducing(int, false), run("Cast", casting(bool, int), truths), along);

      /** Among all values, by index. */
      const among = (): number => {
        const held = sums(open);
        const passed = count(run("LessEqual", of(t), held, run("Mul", of(t), uniform(), most(held))));
        return run("Minimum", of(int), passed, last);
      };
      /** Among the likeliest, the likeliest first. */
      const amongFirst = (k: number, p: number): number => {
        // there is no order of what cannot be compared
        const numbers = run("SelectV2", of(float), run("Equal", equal(float), open, open), open, lowest);
        const all = run("Equal", equal(int), k, zero);
        const taken = run("SelectV2", of(int), all, size, run("Minimum", of(int), k, size));
        const [values, order] = several("TopKV2", [flag("sorted", true), ...of(float)], [numbers, taken], 2);
        const held = sums(values as number);
        const enough = run("Mul", of(t), most(held), exact(p));
        const isShort = run("Less", of(t), held, enough);
        const wide = exact(highest);
        const kept = run("Min", reducing(t, true), run("SelectV2", of(t), isShort, wide, held), along);
        const isPassed = run("LessEqual", of(t), held, run("Mul", of(t), uniform(), kept));
        const place = count(run("LogicalAnd", [], isPassed, run("Less", of(t), held, kept)));
        const at = run("Reshape", reshaping(int), place, column);
        return run("Reshape", reshaping(int), run("GatherV2", gathering, order as number, at, one), row);
      };
      const drawn = (): number => {
        if (us === undefined) return run("ArgMax", indexing, open, one);
        return top_k === undefined ? among() : amongFirst(top_k, top_p as number);
      };
      const known = (choice: number): number => {
        const told = run("Sub", of(int), given, firstKnown);
        const isKnown = run("GreaterEqual", of(int), told, zero);
        return run("SelectV2", of(int), isKnown, told, choice);
      };

      const value = free ? drawn() : known(drawn());
      const entropy = [...of(float), type("Tlabels", int)];
      const [loss] = several("SparseSoftmaxCrossEntropyWithLogits", entropy, [z, value], 2);
      const isThere = run("Greater", of(int), given, beyond);
      const isLast = (): number => run("NotEqual", equal(int), value, endToken);
      const goesOn = end < 0 ? isThere : run("LogicalAnd", [], isThere, isLast());
      const went = run("StridedSlice", striding, before, begin, behind, stride);
      const goes = run("Mul", of(float), went, run("Cast", casting(bool, float), goesOn));
      const token = run("Cast", casting(int, float), value);
      const [result] = several("Pack", packing, [token, loss as number, goes], 1);
      freeBut(result);
      return [result];
    };
  };
}
