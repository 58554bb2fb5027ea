/** A dim as a type: one of so many tokens, whose names are their numbers. The oracle is the same model with a listed vocabulary. */
import { describe, expect, test } from "vitest";
import { compile } from "../../src/compiler/index.js";

const spec = (vocab: string, zero: string, three: string, index = "axis i < V"): string => `
model m {
  ${vocab}
  dim H = 4
  axis t < T until y[t] == ${three}
  ${index}
  input x[t] : V
  random y[t] : V
  param W : [H, V], E : [H, V], U : [H, H], b : [H], Wo : [V, H]
  h[t] : [H] = tanh(W @ x[t] + E @ y[t-1] + U @ h[t-1] + b)
  h[-1] = 0
  y[-1] = ${zero}
  z[t] = if y[t] == ${three} then 1 else 0
  first[t] : V = if t == 0 then ${three} else x[t-1]
  y[t] ~ categorical(Wo @ h[t] + z[t-1] + Wo @ (E @ first[t]))
  z[-1] = 0
  metric likely = if y[t] == argmax(Wo @ h[t]) then 1 else 0
  metric best = if y[t] == argmax[i](Wo[i] @ h[t]) then 1 else 0
}`;

const listed = spec(`vocab V = [${[0, 1, 2, 3, 4, 5].map((i) => `"${i}"`).join(", ")}]`, '"0"', '"3"');
const numbered = spec("dim V = 6", "0", "3");
const errors = (source: string, set = {}) => compile(source, { set }).diagnostics.filter((d) => d.severity === "error");

describe("a dim as a type", () => {
  test("means the same equations as a vocabulary that lists the numbers", () => {
    const [a, b] = [compile(numbered), compile(listed)];
    expect(a.diagnostics).toEqual([]);
    expect(b.diagnostics).toEqual([]);
    for (const stage of ["system", "bptt", "program"] as const) expect(a.print(stage)).toBe(b.print(stage));
    expect(JSON.stringify(a.params)).toBe(JSON.stringify(b.params));
  });

  test("is as large as the dim is set to", () => {
    const { model, diagnostics } = compile(numbered, { set: { V: 9 } });
    expect(diagnostics).toEqual([]);
    expect(model.vocabularies["V"]).toHaveLength(9);
    expect(model.params.find((p) => p.name === "W")?.shape).toEqual([4, 9]);
    expect(model.unsized).toEqual([]);
  });

  test("has no tokens but the numbers below it", () => {
    expect(errors(numbered, { V: 3 }).map((d) => d.code)).toEqual(
      expect.arrayContaining(["shape-mismatch", "unknown-token"]),
    );
    expect(errors(numbered.replace("y[-1] = 0", "y[-1] = BOS"))).toMatchObject([
      { code: "unknown-token", help: expect.stringContaining("0 to 5") },
    ]);
    expect(errors(numbered.replace("until y[t] == 3", "until y[t] == EOS"))).toMatchObject([{ code: "unknown-token" }]);
    expect(errors(numbered.replace("y[-1] = 0", "y[-1] = 6"))).toHaveLength(1);
    expect(errors(numbered.replace("y[-1] = 0", "y[-1] = 0.5"))).toHaveLength(1);
    expect(errors(listed.replace('y[-1] = "0"', "y[-1] = 0"))).toHaveLength(1);
  });

  test("has a number of its own", () => {
    const derived = numbered.replace("dim V = 6", "dim K = 3\n  dim V = 2 * K");
    expect(errors(derived).map((d) => d.code)).toEqual(["derived-type"]);
    // what is set from outside is one
    expect(errors(derived, { V: 6 })).toEqual([]);
  });

  test("may be another name of the dim that it is required to be", () => {
    const two = numbered
      .replace(/ *metric best.*\n/, "\n")
      .replace("dim V = 6", "dim V = 6\n  dim S = 6\n  require V == S")
      .replace(/(y\[t\]|x\[t\]) : V/g, "$1 : S");
    expect(errors(two)).toEqual([]);
  });

  test("goes through the JSON form", () => {
    const json = compile(numbered).print("json");
    const again = compile(json, { file: "m.json" });
    expect(again.diagnostics).toEqual([]);
    expect(again.print("system")).toBe(compile(numbered).print("system"));
  });
});
