/** The op `beam` by TensorFlow's ops, in double precision: the best of all continuations of a sample, and what becomes of each. */
import { ROW, STATE, TERMS } from "../../../compiler/beam.js";
import { KNOWN } from "../../../compiler/choice.js";
import type { Kernel, KernelCall } from "../memory.js";
import type { Binding, OpAttr } from "./binding.js";
import { attributes, type DrawAttrs, DT_DOUBLE, onTheWay } from "./several.js";

export function tensorflowBeam(binding: Binding): Kernel<number> {
  const { TF_FLOAT: float, TF_INT32: int, TF_BOOL: bool } = binding;
  const { type, flag, number } = attributes(binding);
  const double = DT_DOUBLE;
  const equality = (t: number): OpAttr[] => [type("T", t), flag("incompatible_shape_error", true)];
  const keeping = [type("Tidx", int), flag("keep_dims", true)];
  const reshaping = (t: number): OpAttr[] => [type("T", t), type("Tshape", int)];

  return (call: KernelCall<number>) => {
    const [k, count, n] = call.shapes[0] as [number, number, number];
    const { never, end, free } = call.instr.attrs as unknown as DrawAttrs;
    const ints = (values: readonly number[], shape = [values.length]): number =>
      call.constant(Int32Array.from(values), shape);
    const floats = (values: readonly number[], shape = [values.length]): number =>
      call.constant(Float32Array.from(values), shape);
    const scalar = (value: number): number => floats([value], []);
    const integer = (value: number): number => ints([value], []);
    const rows = Array.from({ length: k }, (_, i) => i);
    const [second, third, order] = [ints([1]), ints([2]), ints([1, 0, 2])];
    const [lowest, zero] = [scalar(Number.NEGATIVE_INFINITY), scalar(0)];
    const [isEnded, isOpen, isUnused] = [STATE.ended, STATE.open, STATE.unused].map(scalar) as [number, number, number];
    const [size, places, row, place] = [integer(n), scalar(k), ints(rows, [1, k, 1]), floats(rows, [1, k, 1])];
    // the first row alone is open at first
    const above = floats(
      rows.map((i) => (i ? 0.5 : -0.5)),
      [1, k, 1],
    );
    const bars = floats(Array.from({ length: n }, (_, i) => (never.includes(i) ? Number.NEGATIVE_INFINITY : 0)));
    const widths = ints([ROW.state, 1, ROW.ended - ROW.logp, 1, 1]);
    const [column, divided] = [
      [count, k, 1],
      [count, 1, TERMS.size],
    ];

    return (args) => {
      const { several, run, freeBut } = onTheWay(binding);
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
      /** [k, count, m] ↔ [count, k, m]. */
      const turned = (x: number, to: readonly number[]): number =>
        k === 1 || count === 1
          ? reshape(float, x, to)
          : run("Transpose", [type("T", float), type("Tperm", int)], x, order);

      const [bottom, nil] = [exact(lowest), exact(zero)];
      const [z, givens, before, divisors] = args as [number, number, number, number];
      // below everything is [count, k, m], or 1 in the place of k where it is the same in all rows
      const was = turned(before, [count, k, ROW.size]);
      const parting = [type("T", float), type("Tlen", int), number("num_split", 5)];
      const parts = several("SplitV", parting, [was, widths, integer(2)], 5);
      const [, state, triple, ended, former] = parts as [number, number, number, number, number];
      const active = of("Greater", float, state, above);
      const base = select(double, active, reduce("Sum", double, exact(triple), third), bottom);

      // log-probabilities of what each open row goes on to
      const logits = exact(turned(z, [count, k, n]));
      const away = of("Sub", double, logits, reduce("Max", double, logits, third));
      const norm = of("Log", double, reduce("Sum", double, of("Exp", double, away), third));
      const logp = of("Sub", double, away, norm);
      const allowed = never.length ? of("AddV2", double, logp, exact(bars)) : logp;
      const total = of("AddV2", double, allowed, base);
      // there is no order of what cannot be compared
      const numbers = select(double, run("Equal", equality(double), total, total), total, bottom);
      // NaN where an open row goes on to nothing; without a token that is never taken, its norm is NaN then
      const most = never.length ? reduce("Max", double, numbers, third) : norm;
      const isLost = select(double, active, of("Sub", double, most, most), nil);
      const lost = single(reduce("Sum", double, isLost, second));

      const flat = reshape(double, numbers, [count, k * n]);
      const top = several("TopKV2", [flag("sorted", true), type("T", double)], [flat, integer(k)], 2);
      const [found, at] = [reshape(double, top[0] as number, column), reshape(int, top[1] as number, column)];
      const isInside = of("Less", float, of("AddV2", float, ended, place), places);
      const isFound = both(of("Greater", double, found, bottom), isInside);
      const best = { value: found, token: of("FloorMod", int, at, size), parent: of("FloorDiv", int, at, size) };
      const next = free ? { ...best, used: isFound, lost } : known();
      /** Where the token is told, each row goes on to it. */
      function known(): typeof best & { used: number; lost: number } {
        const told = of("Sub", int, reshape(int, givens, [count, 1, 1]), integer(KNOWN));
        const isTold = of("GreaterEqual", int, told, integer(0));
        return {
          value: select(double, isTold, base, best.value),
          token: select(int, isTold, told, best.token),
          parent: select(int, isTold, row, best.parent),
          used: select(bool, isTold, active, isFound),
          lost: select(float, isTold, zero, lost),
        };
      }
      const { used, token, parent } = next;
      const value = select(double, used, next.value, nil);

      // which have ended, and whether what is open can overtake them
      const splitting = [type("T", double), number("num_split", TERMS.size)];
      const terms = several("Split", splitting, [integer(2), exact(reshape(float, divisors, divided))], TERMS.size);
      const [own, following, final, isLast] = terms as [number, number, number, number];
      const isEnd = of("Greater", double, isLast, nil);
      const stops = end < 0 ? isEnd : run("LogicalOr", [], run("Equal", equality(int), token, integer(end)), isEnd);
      const over = both(used, stops);
      const scoreOf = (divisor: number): number => of("RealDiv", double, value, divisor);
      const score = select(float, over, single(scoreOf(own)), lowest);
      const record = select(float, of("Greater", float, ended, zero), former, lowest);
      const highest = of("Maximum", float, record, reduce("Max", float, score, second));
      const endedNow = of("AddV2", float, ended, reduce("Sum", float, cast(over, bool, float), second));
      const bound = single(of("Maximum", double, scoreOf(following), scoreOf(final)));
      const kept = both(used, run("LogicalNot", [], stops));
      const alive = run("Any", keeping, both(kept, of("Greater", float, bound, highest)), second);
      const becomes = select(float, over, isEnded, select(float, both(kept, alive), isOpen, isUnused));

      const high = single(value);
      const rest = of("Sub", double, value, exact(high));
      const middle = single(rest);
      const columns = [
        cast(token, int, float),
        cast(parent, int, float),
        becomes,
        of("AddV2", float, high, next.lost),
        middle,
        single(of("Sub", double, rest, exact(middle))),
        endedNow,
        select(float, of("Greater", float, endedNow, zero), highest, zero),
      ];
      const joining = [type("T", float), number("N", ROW.size), type("Tidx", int)];
      const result = turned(run("ConcatV2", joining, ...columns, integer(2)), [k, count, ROW.size]);
      freeBut(result);
      return [result];
    };
  };
}
