/** Which matrices a device keeps as tables of their columns, and what a plan makes of them. */
import { expect, it } from "vitest";
import { lower } from "../../src/compiler/plan/lower.js";
import { tablesOf } from "../../src/compiler/plan/tables.js";
import { schedule } from "../../src/compiler/schedule/schedule.js";
import { E, op } from "../../src/compiler/system/expr.js";
import { type Case, Sketch, slot } from "../support/sketch.js";
import { trained } from "../support/systems.js";

const t = slot("t", "T");

/** Products with tokens: of W alone, of V before it is read as a whole too, of F by way of G. */
function model(): Case {
  const k = new Sketch({ T: [3, 2] }, 2, 1);
  const [x, y] = [k.token("x", 5, [t]), k.input("y", [3], [t])];
  const [W, V, F, G] = [k.param("W", [3, 5]), k.param("V", [3, 5]), k.param("F", [4, 5]), k.param("G", [3, 4])];
  const col = (M: typeof W) => op("col", [M(), x("t")]);
  const z = E.add(col(W), col(V), E.mv(V(), E.num(1, [5])), E.mv(G(), col(F)));
  k.loss([t], E.dot(y("t"), E.map("tanh", z)));
  return k.finish();
}

it("are those of which only columns are read", () => {
  expect([...tablesOf(model().system)]).toEqual(["W"]);
});

it("are given as rows, which nothing transposes", () => {
  const { system, outputs } = trained(model());
  const shapes = { batch: 2, extents: { T: 3 } };
  const transposes = (tables: ReadonlySet<string>): number =>
    lower({ system, program: schedule(system) }, shapes, outputs, { tables }).instrs.filter(
      (i) => i.op === "transpose" && i.shapes[0]?.join() === "5,3",
    ).length;
  expect([transposes(new Set()), transposes(new Set(["W"]))]).toEqual([3, 2]);
});
