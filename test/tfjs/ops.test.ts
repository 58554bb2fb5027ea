/**
 * Every op of the table on every backend against its reference evaluation: over whole axes, index by index in a loop, with
 * arguments that depend on the sample and the time or not, and with every fused sum.
 */
import { describe, expect, test } from "vitest";
import { ops } from "../../src/compiler/ops/index.js";
import type { OpDef, OpSample } from "../../src/compiler/ops/types.js";
import { optimise } from "../../src/compiler/passes/pipeline.js";
import { E, type Expr, ofRead, op, sumOver } from "../../src/compiler/system/expr.js";
import { identity } from "../../src/compiler/system/positions.js";
import { BATCH, type Slot } from "../../src/compiler/system/types.js";
import { backends } from "../support/backends.js";
import { type Case, Sketch, slot } from "../support/sketch.js";
import { compare, runPlan } from "../support/systems.js";

const t = slot("t", "T");
const TOKENS = new Set(["i", "y"]);

/** Is argument `i` a token? */
const isToken = (def: OpDef, i: number): boolean =>
  def.name === "toFloat" ||
  (["col", "putCol", "pick", "put", "xent", "xentGrad"].includes(def.name) && TOKENS.has(def.params[i] as string));

/** Where the arguments live: `first` and `others`. */
const placements: readonly (readonly [string, readonly Slot[], readonly Slot[]])[] = [
  ["all of the sample and time", [BATCH, t], [BATCH, t]],
  ["first shared", [], [BATCH, t]],
  ["others shared", [BATCH, t], []],
  ["first of the sample, others of the time", [BATCH], [t]],
];
const sums: readonly (readonly [string, readonly Slot[]])[] = [
  ["batch and time", [BATCH, t]],
  ["time", [t]],
  ["batch", [BATCH]],
];

interface Built {
  readonly c: Case;
  readonly ids: readonly string[];
}

function build(def: OpDef, sample: OpSample, first: readonly Slot[], others: readonly Slot[]): Built {
  const k = new Sketch({ T: [3, 1] }, 2, 1);
  const attrs = { ...sample.attrs, ...(sample.attrs?.["slots"] ? { slots: ["t"] } : {}) };
  const args = sample.shapes.map((shape, i): Expr => {
    const slots = i === 0 ? first : others;
    const dtype = isToken(def, i) ? "int" : "float";
    const id = k.builder.declare(`a${i}`, slots, shape, slots.length ? "input" : "param", { dtype });
    return ofRead(identity(k.builder.get(id)));
  });
  const scope = [BATCH, t];
  const ids: string[] = [];
  const define = (id: string, slots: readonly Slot[], e: Expr): string => {
    ids.push(k.builder.define(id, slots, e));
    return id;
  };
  define("whole", scope, op(def.name, args, attrs));
  if (def.multilinear && def.name !== "mask")
    for (const [name, vars] of sums) {
      const own = scope.filter((s) => !vars.includes(s));
      define(`sum over ${name}`, own, sumOver(vars, op(def.name, args, attrs)));
    }
  // index by index: the first number argument waits for the result before, times 0
  const at = sample.shapes.findIndex((_, i) => !isToken(def, i));
  if (at >= 0 && def.name !== "mask") {
    const step = k.value("step", k.builder.get("whole").shape, [t]);
    if (def.dtype !== "int") {
      const carry = E.affine(0, 0, E.sumf(step("t-1")));
      const waiting = E.add(args[at] as Expr, E.fill(carry, sample.shapes[at] as number[]));
      k.equate(
        "step",
        op(
          def.name,
          args.map((a, i) => (i === at ? waiting : a)),
          attrs,
        ),
      );
      k.clause("step", { t: "-1" }, E.num(0, k.builder.get("whole").shape));
      ids.push("step");
    } else k.builder.values.delete("step");
  }
  const c = k.finish();
  const given = (id: string, index: readonly number[]): ArrayLike<number> =>
    sample.data?.[Number(id.slice(1))] ?? c.env.given(id, index);
  return { c: { ...c, env: { ...c.env, given } }, ids };
}

const evaluated = ops.filter((d) => d.eval && d.name !== "draw" && !d.unsampled);

describe.each(evaluated.map((d) => [d.name, d] as const))("%s", (_, def) => {
  const all = def.samples.flatMap((sample, k) =>
    placements.map(([where, ...slots]) => [`sample ${k}, ${where}`, sample, ...slots] as const),
  );
  test.each(all)("%s", (_what, sample, first, others) => {
    const { c, ids } = build(def, sample, first, others);
    const system = optimise(c.system, ids);
    for (const backend of backends) {
      const before = backend.tensorCount();
      const results = runPlan(backend, system, c.env, ids, { padding: "random" });
      const { worst, where } = compare(system, c.env, results as NonNullable<typeof results>);
      expect(worst, `${backend.name}: ${where}`).toBeLessThan(2e-5);
      expect(backend.tensorCount(), `${backend.name}: live tensors`).toBe(before);
    }
  });
});
