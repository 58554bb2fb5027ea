/** Generated from the op table: every op is held to its own shape rule, derivative rule and declared properties. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { grad } from "../../src/compiler/ad/grad.js";
import { families, ops } from "../../src/compiler/ops/index.js";
import type { OpDef, OpSample } from "../../src/compiler/ops/types.js";
import { SystemBuilder } from "../../src/compiler/system/builder.js";
import { E, op } from "../../src/compiler/system/expr.js";
import { product } from "../../src/compiler/system/types.js";
import { type Environment, Evaluator } from "../../src/compiler/targets/reference/evaluator.js";
import { differentiableArguments, opGradientErrors, sampleArguments } from "../support/op-checks.js";

const sampled = ops.flatMap((def) => def.samples.map((sample, i) => [`${def.name} ${i}`, def, sample] as const));
const evaluate = (def: OpDef, args: readonly Float64Array[], { attrs = {}, shapes }: OpSample): Float64Array =>
  (def.eval as NonNullable<OpDef["eval"]>)(args, attrs, shapes);
const close = (a: ArrayLike<number>, b: ArrayLike<number>): void => {
  expect(a.length).toBe(b.length);
  for (let i = 0; i < a.length; i++) expect(a[i]).toBeCloseTo(b[i] as number, 10);
};

it.each(ops.map((def) => [def.name, def] as const))("%s: samples, or a reason why none; documented", (_, def) => {
  expect(def.samples.length > 0).toBe(def.unsampled === undefined);
  expect(def.doc).toMatch(/\.$/);
  const repeats = def.params.at(-1)?.endsWith("…");
  for (const s of def.samples)
    if (repeats) expect(s.shapes.length).toBeGreaterThanOrEqual(def.params.length);
    else expect(s.shapes.length).toBe(def.params.length);
});

describe("the shape rule is the shape of the evaluation", () => {
  it.each(sampled)("%s", (_, def, sample) => {
    const out = evaluate(def, sampleArguments(def, sample), sample);
    expect(out.length).toBe(product(def.infer(sample.shapes, sample.attrs ?? {})));
    expect(out.every(Number.isFinite)).toBe(true);
  });
});

describe("first and second derivative against central differences", () => {
  it.each(sampled)("%s", (_, def, sample) => {
    expect(opGradientErrors(def, sample, differentiableArguments(def, sample))).toEqual([]);
  });
});

describe("multilinear ops are linear in each argument", () => {
  it.each(sampled.filter(([, def]) => def.multilinear))("%s", (_, def, sample) => {
    const args = sampleArguments(def, sample);
    const isFloat = differentiableArguments(def, sample);
    for (const [i, x] of args.entries()) {
      if (!isFloat[i]) continue;
      const y = x.map((v, k) => Math.sin(v + k));
      const apply = (z: Float64Array): Float64Array =>
        evaluate(
          def,
          args.map((a, k) => (k === i ? z : a)),
          sample,
        );
      const [fx, fy] = [apply(x), apply(y)];
      close(
        apply(x.map((v, k) => 2 * v - 3 * (y[k] as number))),
        fx.map((v, k) => 2 * v - 3 * (fy[k] as number)),
      );
    }
  });
});

describe("the zero rule holds", () => {
  it.each(sampled)("%s", (_, def, sample) => {
    const rule = typeof def.zero === "function" ? def.zero(sample.attrs ?? {}) : def.zero;
    const args = sampleArguments(def, sample);
    const zeroed = (which: (i: number) => boolean): Float64Array =>
      evaluate(
        def,
        args.map((a, i) => (which(i) ? new Float64Array(a.length) : a)),
        sample,
      );
    const isZero = (x: Float64Array): boolean => x.every((v) => v === 0);
    const isFloat = differentiableArguments(def, sample);
    if (rule === "all") expect(isZero(zeroed(() => true))).toBe(true);
    if (rule === "first") expect(isZero(zeroed((i) => i === 0))).toBe(true);
    if (rule === "any")
      for (const [i, real] of isFloat.entries()) if (real) expect(isZero(zeroed((k) => k === i))).toBe(true);
  });
});

describe("subgradients (R22)", () => {
  /** The gradient of Σ w · f(x) in x at given numbers. */
  function gradientAt(f: string, xs: readonly number[], attrs = {}): number[] {
    const builder = new SystemBuilder();
    builder.declare("x", [], [xs.length], "param");
    const y = op(f, [builder.ident("x")], attrs);
    builder.define("loss", [], f.endsWith("f") ? y : E.sumf(y));
    const { system, adjoint } = grad(builder.finish(), "loss", ["x"]);
    const env: Environment = { batch: 1, lengths: {}, given: () => xs };
    return [...new Evaluator(system, env).value(adjoint("x"))];
  }
  it.each([
    ["relu", [0, -1, 2], [0, 0, 1]],
    ["abs", [0, -1, 2], [0, -1, 1]],
    ["sqrt", [0, 4], [0, 0.25]],
    ["maxf", [1, 3, 3], [0, 1, 0]],
    ["lsef", [-Infinity, -Infinity], [0, 0]],
  ])("%s", (f, at, expected) => expect(gradientAt(f, at)).toEqual(expected));

  it.each([
    ["maximum", [1, 0]],
    ["minimum", [1, 0]],
    ["pow", [0, 0]],
  ])("%s of two equal numbers", (f, expected) => {
    const builder = new SystemBuilder();
    for (const id of ["x", "y"]) builder.declare(id, [], [], "param");
    builder.define("loss", [], op(f, [builder.ident("x"), builder.ident("y")]));
    const { system, adjoint } = grad(builder.finish(), "loss", ["x", "y"]);
    const e = new Evaluator(system, { batch: 1, lengths: {}, given: () => [0] });
    expect(["x", "y"].map((id) => e.value(adjoint(id))[0])).toEqual(expected);
  });

  it("a choice hides what is infinite in the branch not taken", () => {
    const builder = new SystemBuilder();
    builder.declare("x", [], [], "param");
    const x = builder.ident("x");
    builder.define("loss", [], E.where(E.less(E.num(0), x), E.map("log", x), E.num(0)));
    const { system, adjoint } = grad(builder.finish(), "loss", ["x"]);
    // 0 · (1/0) must not arise: the adjoint of log is 0/0 only where nobody selects it
    const e = new Evaluator(system, { batch: 1, lengths: {}, given: () => [-1] });
    expect(e.value(adjoint("x"))[0]).toBeCloseTo(0, 12);
  });
});

it("every op has its derivative; that of a softmax over a variable stands in the derivative pass, recurrences come after it", () => {
  expect(ops.filter((def) => "open" in def.vjp).map((def) => def.name)).toEqual(["linearAlong", "softmaxAlong"]);
});

it("specs/ops.md is fresh (else: build, then node scripts/generate/ops.mjs)", async () => {
  const root = new URL("../../", import.meta.url);
  const { opsReference } = (await import(new URL("scripts/generate/ops-reference.mjs", root).href)) as {
    opsReference(all: typeof families): string;
  };
  expect(readFileSync(new URL("specs/ops.md", root), "utf8")).toBe(opsReference(families));
});
