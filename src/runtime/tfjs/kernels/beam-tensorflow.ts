/** The op `beam` by TensorFlow's ops, in double precision: the best of all continuations of a sample, and what becomes of each. */
import { ROW, STATE, TERMS } from "../../../compiler/beam.js";
import { BEYOND, KNOWN } from "../../../compiler/choice.js";
import type { Kernel, KernelCall } from "../memory.js";
import type { Binding, OpAttr } from "./binding.js";

/** TensorFlow's number for double precision, which tfjs does not have. */
const DT_DOUBLE = 2;

export function tensorflowBeam(binding: Binding): Kernel<number> {
  const { TF_FLOAT: float, TF_INT32: int, TF_BOOL: bool, TF_ATTR_TYPE, TF_ATTR_BOOL, TF_ATTR_INT } = binding;
  const double = DT_DOUBLE;
  const type = (name: string, value: number): OpAttr => ({ name, type: TF_ATTR_TYPE, value });
  const flag = (name: string, value: boolean): OpAttr => ({ name, type: TF_ATTR_BOOL, value });
  const number = (name: string, value: number): OpAttr => ({ name, type: TF_ATTR_INT, value });
  const equality = (t: number): OpAttr[] => [type("T", t), flag("incompatible_shape_error", true)];
  const keeping = [type("Tidx", int), flag("keep_dims", true)];
  const reshaping = (t: number): OpAttr[] => [type("T", t), type("Tshape", int)];
  // x[:, :, from : to], or x[:, :, from]
  const part = (shrink: number): OpAttr[] => {
    const masks = { begin_mask: 3, end_mask: 3, ellipsis_mask: 0, new_axis_mask: 0, shrink_axis_mask: shrink };
    return [type("T", float), type("Index", int), ...Object.entries(masks).map(([name, m]) => number(name, m))];
  };

  return (call: KernelCall<number>) => {
    const [k, count, n] = call.shapes[0] as [number, number, number];
    const { never, end, free } = call.instr.attrs as unknown as Attrs;
    const ints = (values: readonly number[], shape = [values.length]): number =>
      call.constant(Int32Array.from(values), shape);
    const floats = (values: readonly number[], shape = [values.length]): number =>
      call.constant(Float32Array.from(values), shape);
    const scalar = (value: number): number => floats([value], []);
    const rows = Array.from({ length: k }, (_, i) => i);
    const [last, second] = [ints([2]), ints([1])];
    const order = ints([1, 0, 2]);
    const [lowest, zero, none] = [
      scalar(Number.NEGATIVE_INFINITY),
      scalar(0),
      floats(
        rows.map(() => 0),
        [1, k],
      ),
    ];
    const [isEnded, isOpen, isUnused] = [STATE.ended, STATE.open, STATE.unused].map(scalar) as [number, number, number];
    const ones = ints([1, 1, 1]);
    const [size, places, row] = [ints([n], []), scalar(k), ints(rows, [1, k])];
    const place = floats(rows, [1, k]);
    // the first row alone is open at first
    const above = floats(
      rows.map((i) => (i ? 0.5 : -0.5)),
      [1, k],
    );
    const bars = floats(Array.from({ length: n }, (_, i) => (never.includes(i) ? Number.NEGATIVE_INFINITY : 0)));

    return (args) => {
      const made: number[] = [];
      const several = (op: string, attrs: readonly OpAttr[], inputs: readonly number[], outputs: number): number[] => {
        const results = binding.executeOp(op, attrs, inputs, outputs).map((x) => x.id);
        made.push(...results);
        return results;
      };
      const run = (op: string, attrs: readonly OpAttr[], ...inputs: readonly number[]): number =>
        several(op, attrs, inputs, 1)[0] as number;
      const of = (op: string, t: number, ...inputs: readonly number[]): number => run(op, [type("T", t)], ...inputs);
      const cast = (x: number, from: number, to: number): number =>
        run("Cast", [type("SrcT", from), type("DstT", to), flag("Truncate", false)], x);
      const exact = (x: number): number => cast(x, float, double);
      const single = (x: number): number => cast(x, double, float);
      const reduce = (op: string, t: number, x: number, along: number): number =>
        run(op, [type("T", t), ...keeping], x, along);
      const reshape = (t: number, x: number, shape: readonly number[]): number =>
        run("Reshape", reshaping(t), x, ints(shape));
      const select = (t: number, c: number, x: number, y: number): number => of("SelectV2", t, c, x, y);
      const both = (x: number, y: number): number => run("LogicalAnd", [], x, y);
      const not = (x: number): number => run("LogicalNot", [], x);
      /** [k, count, m] ↔ [count, k, m]. */
      const turned = (x: number, to: readonly number[]): number =>
        k === 1 || count === 1
          ? reshape(float, x, to)
          : run("Transpose", [type("T", float), type("Tperm", int)], x, order);

      const [bottom, nil] = [exact(lowest), exact(zero)];
      const [z, givens, before, divisors] = args as [number, number, number, number];
      const was = turned(before, [count, k, ROW.size]);
      const column = (from: number, length: number): number => {
        const [begin, stop] = [ints([0, 0, from]), ints([0, 0, from + length])];
        return run("StridedSlice", part(length > 1 ? 0 : 4), was, begin, stop, ones);
      };
      const first = (what: number): number => {
        const all = { begin_mask: 1, end_mask: 1, ellipsis_mask: 0, new_axis_mask: 0, shrink_axis_mask: 4 };
        const attrs = [
          type("T", float),
          type("Index", int),
          ...Object.entries(all).map(([name, m]) => number(name, m)),
        ];
        return run("StridedSlice", attrs, was, ints([0, 0, what]), ints([0, 1, what + 1]), ones);
      };
      const given = reshape(int, givens, [count, 1]);
      const isThere = of("Greater", int, given, ints([BEYOND], []));
      const active = both(of("Greater", float, column(ROW.state, 1), above), isThere);
      const sums = run(
        "Sum",
        [type("T", double), type("Tidx", int), flag("keep_dims", false)],
        exact(column(ROW.logp, 3)),
        last,
      );
      const base = select(double, active, sums, bottom);

      // log-probabilities of what each open row goes on to
      const logits = exact(turned(z, [count, k, n]));
      const away = of("Sub", double, logits, reduce("Max", double, logits, last));
      const norm = of("Log", double, reduce("Sum", double, of("Exp", double, away), last));
      const logp = of("Sub", double, away, norm);
      const allowed = never.length ? of("AddV2", double, logp, exact(bars)) : logp;
      const total = of("AddV2", double, allowed, reshape(double, base, [count, k, 1]));
      // there is no order of what cannot be compared
      const numbers = select(double, run("Equal", equality(double), total, total), total, bottom);
      // NaN where an open row goes on to nothing
      const most = reshape(double, reduce("Max", double, numbers, last), [count, k]);
      const isLost = select(double, active, of("Sub", double, most, most), nil);
      const lost = single(reduce("Sum", double, isLost, second));

      const flat = reshape(double, numbers, [count, k * n]);
      const top = several("TopKV2", [flag("sorted", true), type("T", double)], [flat, ints([k], [])], 2);
      const [found, places_] = top as [number, number];
      const ended = first(ROW.ended);
      const isInside = of("Less", float, of("AddV2", float, ended, place), places);
      const isFound = both(of("Greater", double, found, bottom), isInside);
      const token_ = of("FloorMod", int, places_, size);
      const parent_ = of("FloorDiv", int, places_, size);
      const told = free ? 0 : of("Sub", int, given, ints([KNOWN], []));
      const isTold = free ? 0 : of("GreaterEqual", int, told, ints([0], []));
      const or = (t: number, x: number, y: number): number => (free ? y : select(t, isTold, x, y));
      const used = or(bool, active, isFound);
      const token = or(int, told, token_);
      const parent = or(int, row, parent_);
      const value = select(double, used, or(double, base, found), nil);
      const poison = or(float, zero, lost);

      // which have ended, and whether what is open can overtake them
      const splitting = [type("T", double), number("num_split", TERMS.size)];
      const terms = several("Split", splitting, [ints([1], []), exact(divisors)], TERMS.size);
      const [own, next, final, isLast] = terms as [number, number, number, number];
      const isEnd = of("Greater", double, isLast, nil);
      const stops = end < 0 ? isEnd : run("LogicalOr", [], run("Equal", equality(int), token, ints([end], [])), isEnd);
      const over = both(used, stops);
      const scoreOf = (divisor: number): number => of("RealDiv", double, value, divisor);
      const score = select(float, over, single(scoreOf(own)), lowest);
      const known = select(float, of("Greater", float, ended, zero), first(ROW.best), lowest);
      const best = of("Maximum", float, known, reduce("Max", float, score, second));
      const endedNow = of("AddV2", float, ended, reduce("Sum", float, cast(over, bool, float), second));
      const bound = single(of("Maximum", double, scoreOf(next), scoreOf(final)));
      const kept = both(used, not(over));
      const alive = run("Any", keeping, both(kept, of("Greater", float, bound, best)), second);
      const state = select(float, over, isEnded, select(float, both(kept, alive), isOpen, isUnused));

      const high = single(value);
      const rest = of("Sub", double, value, exact(high));
      const middle = single(rest);
      const low = single(of("Sub", double, rest, exact(middle)));
      const wide = (x: number): number => of("AddV2", float, x, none);
      const isAny = of("Greater", float, endedNow, zero);
      const columns = [
        cast(token, int, float),
        cast(parent, int, float),
        state,
        of("AddV2", float, high, poison),
        middle,
        low,
        wide(endedNow),
        wide(select(float, isAny, best, zero)),
      ];
      const packing = [type("T", float), number("N", ROW.size), number("axis", 2)];
      const packed = run("Pack", packing, ...columns);
      const result = turned(packed, [k, count, ROW.size]);
      for (const id of made) if (id !== result) binding.deleteTensor(id);
      return [result];
    };
  };
}

interface Attrs {
  readonly never: readonly number[];
  readonly end: number;
  readonly free: boolean;
}
