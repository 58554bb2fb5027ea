import { describe, expect, it } from "vitest";
import { NotCausal, schedule } from "../../src/compiler/schedule/schedule.js";
import type { Item, Loop } from "../../src/compiler/schedule/types.js";
import { E, type Expr, sumOver } from "../../src/compiler/system/expr.js";
import { Evaluator } from "../../src/compiler/targets/reference/evaluator.js";
import { cases } from "../support/cases.js";
import { earlier, guarded, Sketch, slot } from "../support/sketch.js";

const t = slot("t", "T");
const loopsOf = (items: readonly Item[]): Loop[] =>
  items.flatMap((item) => (item.kind === "loop" ? [item, ...loopsOf(item.body)] : []));

/** a[t] and b[t] from each other at the given shifts; every boundary is 0. */
function pair(readOfA: string, readOfB: string): Sketch {
  const k = new Sketch({ T: [5, 2] }, 2);
  const [x, a, b] = [k.input("x", [], [t]), k.value("a", [], [t]), k.value("b", [], [t])];
  k.equate("a", E.map("tanh", E.add(b(readOfB), x("t"))));
  k.equate("b", E.map("sin", a(readOfA)));
  for (const id of ["a", "b"]) {
    for (const at of ["-1", "-2", "$", "$+1"]) k.clause(id, { t: at }, E.num(0));
  }
  k.loss([t], E.add(a("t"), b("t")));
  return k;
}

describe("direction (R12)", () => {
  it.each([
    ["t", "t-1", 1],
    ["t-1", "t", 1],
    ["t+1", "t", -1],
    ["t-2", "t+1", 1],
    ["t+2", "t-1", -1],
  ])("a[%s], b[%s]", (a, b, direction) => {
    const { system, env } = pair(a, b).finish();
    const program = schedule(system);
    expect(loopsOf(program.items).map((loop) => [loop.axis, loop.direction])).toEqual([["T", direction]]);
    const strict = new Evaluator(system, env).run(program).value("loss");
    expect(strict).toEqual(new Evaluator(system, env).value("loss"));
  });

  it.each([
    ["t", "t"],
    ["t-1", "t+1"],
    ["t", "$-1"],
    ["0", "t-1"],
  ])("a[%s], b[%s] is not causal", (a, b) => {
    const { system } = pair(a, b).finish();
    expect(() => schedule(system)).toThrow(NotCausal);
    try {
      schedule(system);
    } catch (e) {
      expect((e as NotCausal).cycle).toEqual(expect.arrayContaining(["a", "b"]));
    }
  });

  it("steps of opposite signs in two axes are not causal, though each has a strict one", () => {
    const k = new Sketch({ I: 3, J: 3 }, 1);
    const [i, j] = [slot("i", "I"), slot("j", "J")];
    const h = k.value("h", [], [i, j]);
    k.equate("h", E.map("tanh", E.add(h("i-1", "j+1"), h("i+1", "j-1"))));
    expect(() => schedule(k.builder.finish())).toThrow(NotCausal);
  });

  it.each([
    ["the past", (h: (i: string) => Expr) => guarded(h("u"), earlier("T", "u", "t")), 1],
    ["the future", (h: (i: string) => Expr) => guarded(h("u"), earlier("T", "t", "u")), -1],
  ])("a sum over %s", (_, read, direction) => {
    const k = new Sketch({ T: [4, 0, 1] }, 3);
    const [x, h] = [k.input("x", [], [t]), k.value("h", [], [t])];
    k.equate("h", E.map("tanh", E.add(x("t"), sumOver([slot("u", "T")], read(h)))));
    k.loss([t], h("t"));
    const { system, env } = k.finish();
    const program = schedule(system);
    expect(loopsOf(program.items).map((loop) => loop.direction)).toEqual([direction]);
    const strict = new Evaluator(system, env).run(program).value("loss");
    expect(strict).toEqual(new Evaluator(system, env).value("loss"));
  });

  it("a sum over all of it is not causal", () => {
    const k = new Sketch({ T: [4] }, 1);
    const h = k.value("h", [], [t]);
    k.equate("h", E.map("tanh", sumOver([slot("u", "T")], h("u"))));
    expect(() => schedule(k.builder.finish())).toThrow(NotCausal);
  });
});

describe("loops", () => {
  it("what is in no cycle is in no loop; what depends on no axis and no loop needs comes last", () => {
    const { system } = (cases["Elman, zero start, T = 0 and 1"] as (typeof cases)[string])();
    const { items } = schedule(system);
    const loop = items.findIndex((item) => item.kind === "loop");
    const batched = (list: readonly Item[]) => list.map((item) => (item.kind === "eq" ? item.v : "loop"));
    expect(batched(items.slice(0, loop))).toContain("h.0.0");
    expect(batched(items).at(-1)).toBe("loss");
    expect((items[loop] as Loop).members).toEqual(["h", "h.0.1", "h.0"]);
  });

  it("nested recurrences are nested loops, the outer one over the sentences", () => {
    const { system } = (cases["nested loops: an encoder per sentence inside a document"] as (typeof cases)[string])();
    expect(loopsOf(schedule(system).items).map((loop) => loop.axis)).toEqual(["K", "T"]);
  });

  it("of two legal orders, the one with fewer launches: few layers outside, many steps inside, or one batched", () => {
    const { system } = (cases["layers as an axis, W[l]"] as (typeof cases)[string])();
    const loops = loopsOf(schedule(system).items);
    expect(new Set(loops.map((loop) => loop.axis))).toEqual(new Set(["L", "T"]));
    expect(loops.every((loop) => loop.direction === 1)).toBe(true);
  });

  it("a program executes in another order only if nothing is read too early", () => {
    const { system, env } = (cases["lag 2 with two clauses"] as (typeof cases)[string])();
    const program = schedule(system);
    const reversed = { ...program, items: [...program.items].reverse() };
    expect(() => new Evaluator(system, env).run(reversed)).toThrow("is read before it is computed");
  });
});
