/** The tests test: wrong derivative rules and wrong adjoint Systems are caught by the checks of the other files. */
import { describe, expect, it } from "vitest";
import { grad } from "../../src/compiler/ad/grad.js";
import { ops } from "../../src/compiler/ops/index.js";
import type { OpDef, VjpContext } from "../../src/compiler/ops/types.js";
import { Evaluator } from "../../src/compiler/targets/reference/evaluator.js";
import { cases } from "../support/cases.js";
import { centralDifference, coordinates } from "../support/gradients.js";
import { type Mutant, mutantsOf, systemMutants } from "../support/mutations.js";
import { difference } from "../support/numbers.js";
import { differentiableArguments, opGradientErrors } from "../support/op-checks.js";
import { structuredCases } from "../support/structured-cases.js";

type Rule = Exclude<OpDef["vjp"], (object & { none: string }) | { open: string }>;

/** The rule with one adjoint replaced by its n-th mutant; what the mutant is, once the rule was used. */
function mutated(rule: Rule, argument: number, n: number): { rule: Rule; used: () => Mutant<unknown> | undefined } {
  let used: Mutant<unknown> | undefined;
  const wrong: Rule = (c: VjpContext) =>
    rule(c).map((g, i) => {
      if (g === null || i !== argument) return g;
      const mutant = mutantsOf(g)[n];
      used = mutant;
      return mutant?.value ?? g;
    });
  return { rule: wrong, used: () => used };
}

describe("every derivative rule, mutated", () => {
  const ruled = ops.filter((def) => typeof def.vjp === "function" && def.samples.some((s) => s.shapes.length));
  it.each(ruled.map((def) => [def.name, def] as const))("%s", (_, def) => {
    const rule = def.vjp as Rule;
    const table = def as { vjp: OpDef["vjp"] };
    const survivors: string[] = [];
    let count = 0;
    for (const argument of def.samples[0]?.shapes.keys() ?? [])
      for (let n = 0, more = true; more; n++) {
        const isCaught = def.samples.map((sample) => {
          const isFloat = differentiableArguments(def, sample);
          const wrong = mutated(rule, argument, n);
          table.vjp = wrong.rule;
          try {
            const errors = opGradientErrors(def, sample, isFloat);
            return wrong.used() && { what: wrong.used()?.what, caught: errors.length > 0 };
          } catch {
            return { what: "", caught: true }; // shapes that do not fit
          } finally {
            table.vjp = rule;
          }
        });
        const tried = isCaught.filter((x) => x !== undefined);
        more = tried.length > 0;
        if (!more) break;
        count++;
        if (!tried.some((x) => x.caught)) survivors.push(`argument ${argument}: ${tried[0]?.what}`);
      }
    expect(survivors).toEqual([]);
    expect(count).toBeGreaterThan(1);
  });
});

describe("adjoint Systems, mutated", () => {
  it.each([
    "Elman from an image, ragged many-to-one",
    "lag 2 with two clauses",
    "bidirectional, learnt starts, h[T-1] and b[0]",
    "layers as an axis, W[l]",
    "2-D grid with corners",
    "generator: no input, a numeric past",
    "a gather by tokens, x[p[t]]",
    "strides: h[2 s] of a longer axis",
    "words in sentences from both sides, a mean, a state from the sentence before",
    "child-sum tree-LSTM",
    "attention over kids, the greatest of kids",
    "a recurrence over the nodes of a graph",
  ])("%s", (name) => {
    const { system, env, params } = ({ ...cases, ...structuredCases }[name] as (typeof cases)[string])();
    const { system: adjoint, adjoint: d } = grad(system, "loss", params);
    const made = [...adjoint.values.keys()].filter((id) => !system.values.has(id));
    const expected = coordinates(system, env, params).map((k) => ({ k, x: centralDifference(system, env, "loss", k) }));
    const isRight = (candidate: typeof adjoint): boolean => {
      try {
        const e = new Evaluator(candidate, env);
        return expected.every(({ k, x }) => difference(e.value(d(k.id), k.index)[k.feature] as number, x) < 1e-6);
      } catch {
        return false;
      }
    };
    expect(isRight(adjoint)).toBe(true);
    const mutants = systemMutants(adjoint, made);
    expect(mutants.length).toBeGreaterThan(name.startsWith("a gather") ? 0 : 3);
    expect(mutants.filter((m) => isRight(m.value)).map((m) => m.what)).toEqual([]);
  });
});
