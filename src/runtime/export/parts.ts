/** Parts of a plan that are computed apart: once when it is exported, or once for each sequence. */
import type { Output, Plan } from "../../compiler/plan/plan.js";
import {
  type Instr,
  isConst,
  isIntResult,
  liveInstrs,
  type Ref,
  type TensorOp,
  type TensorRef,
} from "../../compiler/plan/tensors.js";
import { type Device, Scope } from "../device.js";
import type { Numbers } from "../feeds.js";
import { type Change, depending, giving, rewritten } from "./rewrite.js";

export interface NumbersOf {
  readonly shape: readonly number[];
  readonly data: Numbers;
}
export type Constants = ReadonlyMap<string, NumbersOf>;

/** The results of a plan that is given nothing but constants. */
export function evaluate(device: Device, plan: Plan, constants: Constants): Map<string, NumbersOf> {
  const scope = new Scope(device);
  const executable = device.prepare(plan);
  try {
    const given = new Map(
      plan.given.map((id) => {
        const { data, shape } = constants.get(id) as NumbersOf;
        return [id, scope.upload(data, shape)] as const;
      }),
    );
    const results = executable.run({ given, lengths: {} });
    if (!results) throw new Error("a plan without draws was stopped");
    scope.own(results);
    return new Map([...results].map(([id, t]) => [id, { shape: t.shape, data: device.read(t) }]));
  } finally {
    scope.free();
    executable.dispose();
  }
}

/** Ops that move numbers and compute none. */
const MOVES: ReadonlySet<TensorOp> = new Set(["reshape", "transpose", "concat", "slice", "split", "unstack", "pad"]);

const key = (r: TensorRef): string => `${r.n}.${r.out}`;
const outputOf = (ref: TensorRef): Output => ({ ref, shape: ref.shape, int: ref.int });
const isTensor = (r: Ref): r is TensorRef => !isConst(r);

type Outputs = ReadonlyMap<string, Output>;

/** A plan cut at tensors: what computes them, and what is given them under names. */
interface Cut {
  readonly names: readonly string[];
  readonly before: Plan;
  readonly after: Plan;
}

/** `outputs`: the results on either side of the cut. */
function cutAt(
  plan: Plan,
  refs: readonly TensorRef[],
  prefix: string,
  outputs: { readonly before: Outputs; readonly after: Outputs },
): Cut {
  const names = new Map(refs.map((r, k) => [key(r), `${prefix}${k}`]));
  const cut = new Map(refs.map((r) => [names.get(key(r)) as string, outputOf(r)]));
  const change: Change = (flat, i, args) => {
    const named = i.shapes.map((_, out) => names.get(`${i.n}.${out}`));
    if (named.every((name) => name === undefined)) return null;
    const n = named.includes(undefined) ? flat.emit(i.op, args, i.attrs, i.shapes, i.int) : -1;
    return i.shapes.map((shape, out) => {
      const [name, int] = [named[out], isIntResult(i, out)];
      return name === undefined ? { n, out, shape, int } : flat.one("given", [], { id: name }, shape, int);
    });
  };
  return {
    names: [...names.values()],
    before: giving(plan, new Map([...outputs.before, ...cut])),
    after: rewritten(plan, change, outputs.after),
  };
}

/** Tensors of the instructions `of` that others read, or that are results, as far as these results need them. */
function frontier(plan: Plan, outputs: Outputs, of: (i: Instr) => boolean): TensorRef[] {
  const results = [...outputs.values()].map((o) => o.ref);
  const live = liveInstrs(plan.instrs, results);
  const inside = new Set(live.filter(of).map((i) => i.n));
  const read = [...live.filter((i) => !inside.has(i.n)).flatMap((i) => i.args), ...results];
  const found = new Map(read.filter(isTensor).flatMap((r) => (inside.has(r.n) ? [[key(r), r] as const] : [])));
  return [...found.values()];
}

/** A plan that is given parameters as it wants them, packed and transposed; these beside the others. */
export function packed(
  plan: Plan,
  device: Device,
  parameters: Constants,
): { readonly plan: Plan; readonly constants: Constants } {
  const constant = new Set<number>();
  for (const i of plan.instrs) {
    const isMoved = i.args.length > 0 && i.args.every((a) => isConst(a) || constant.has(a.n)) && MOVES.has(i.op);
    if (i.op === "given" ? parameters.has(i.attrs["id"] as string) : isMoved) constant.add(i.n);
  }
  const refs = frontier(plan, plan.outputs, (i) => constant.has(i.n) && i.op !== "given");
  const { before, after } = cutAt(plan, refs, "packed/", { before: new Map(), after: plan.outputs });
  return { plan: after, constants: new Map([...parameters, ...evaluate(device, before, parameters)]) };
}

/**
 * A step (`after`) and what does not change from step to step, which is computed before the first one. `moves`: ids of what
 * is given for each step anew; `constants`: of what never changes. The results `initial` are of what comes before.
 */
export function steady(
  plan: Plan,
  moves: (given: string) => boolean,
  constants: Constants,
  initial: readonly string[],
): Cut {
  const which = (before: boolean): Outputs =>
    new Map([...plan.outputs].filter(([id]) => initial.includes(id) === before));
  const outputs = { before: which(true), after: which(false) };
  const moving = depending(plan, moves);
  const asked = depending(plan, (id) => !constants.has(id));
  const refs = frontier(plan, outputs.after, ({ n }) => asked.has(n) && !moving.has(n));
  return cutAt(plan, refs, "context/", outputs);
}
