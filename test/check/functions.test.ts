/** The functions of the language: each is known, and those that are more than one op are what they are said to be. */
import { describe, expect, it, test } from "vitest";
import { check } from "../../src/compiler/check/index.js";
import { problemsOf } from "../support/check-spec.js";
import { modelOf, Run, softmax } from "./harness.js";

/** What `expr` of an input x : shape is. */
function evaluated(expr: string, x: readonly unknown[], shape: string, more = ""): number[] {
  const model = modelOf(`model m {
  vocab V = ["a", "b", "c"]
  dim N = 3
  input x : ${shape}
  random y
  ${more}
  v = ${expr}
  y ~ normal(sum(v), 1)
}`);
  return new Run(model, [{ x, y: 0 }]).value("v", [0]);
}

const close = (got: readonly number[], wanted: readonly number[]): void => {
  expect(got).toHaveLength(wanted.length);
  for (const [i, x] of got.entries()) expect(x).toBeCloseTo(wanted[i] as number, 10);
};

describe("values", () => {
  const A = [[2, 1, 0], [1, 3, -1], [0, 1, 4]]; // biome-ignore format: a row each
  it.each([
    ["diag(x)", [1, 2, 3], "[N]", [1, 0, 0, 0, 2, 0, 0, 0, 3]],
    ["diag(x)", A, "[N, N]", [2, 3, 4]],
    ["eye(N) + x", A, "[N, N]", [3, 1, 0, 1, 4, -1, 0, 1, 5]],
    ["x @ solve(x, diag(x))", A, "[N, N]", [2, 3, 4]],
    ["x @ solve(x, x')", A, "[N, N]", [2, 1, 0, 1, 3, 1, 0, -1, 4]],
    ["logdet(x)", A, "[N, N]", [Math.log(2 * 13 - 1 * 4)]],
    ["softmax(x)", [[1, 2, 3], [0, 0, 5]], "[2, N]", [...softmax([1, 2, 3]), ...softmax([0, 0, 5])]], // biome-ignore format: a row each
    ["sum(softmax(x) - softmax(x)) + max(x) - min(x)", [1, 5, 2], "[N]", [4]],
    ["layernorm(x)", [1, 2, 3], "[N]", [-1, 0, 1].map((d) => d / Math.sqrt(2 / 3 + 1e-5))],
    ["layernorm(x)", [[1, 3], [2, 2]], "[2, 2]", [...[-1, 1].map((d) => d / Math.sqrt(1 + 1e-5)), 0, 0]], // biome-ignore format: a row each
    ["norm(x) + mean(x) + logsumexp(x - x)", [3, 4], "[2]", [5 + 3.5 + Math.log(2)]],
    ["argmax(x) + 0", [1, 7, 7], "[N]", [1]],
    ["x div 2 + 10 * (x mod 2)", [-3, 4, 5], "[N]", [-2 + 10, 2, 2 + 10]],
    ["x div 3 * 3 + x mod 3 - x", [-7, 7, 8], "[N]", [0, 0, 0]],
    ["(x > 1 and x < 3) + 2 * (not (x == 2) or x >= 3)", [1, 2, 3], "[N]", [2, 1, 2]],
    ["if x <= 1 or x != 2 then x else -x", [1, 2, 3], "[N]", [1, -2, 3]],
    ["ceil(x) + 10 * round(x) + 100 * floor(x)", [1.2, -1.2, 2.5], "[N]", [2 + 10 + 100, -1 - 10 - 200, 3 + 30 + 200]],
    ["silu(x) - x * sigmoid(x)", [1, -2, 0], "[N]", [0, 0, 0]],
    ["elu(x)", [1, -2, 0], "[N]", [1, Math.exp(-2) - 1, 0]],
    ["tan(x)", [0.3, -1, 0], "[N]", [Math.tan(0.3), Math.tan(-1), 0]],
  ])("%s of %j", (expr, x, shape, wanted) => close(evaluated(expr, x as unknown[], shape), wanted));

  test("crop takes a window around a place, between pixels too, and zeros beyond the edge", () => {
    const image = [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12, 13, 14, 15], [16, 17, 18, 19, 20], [21, 22, 23, 24, 25]]; // biome-ignore format: a row each
    const crop = (at: string, size: string): number[] => evaluated(`crop(x, ${at}, ${size})`, image, "[5, 5]", "");
    close(crop("[0; 0]", "[3, 3]"), [7, 8, 9, 12, 13, 14, 17, 18, 19]);
    close(crop("[-1; 1]", "[1, 1]"), [5]);
    close(crop("[-1; -1]", "[3, 3]"), [0, 0, 0, 0, 1, 2, 0, 6, 7]);
    close(crop("[0; 0.25]", "[1, 2]"), [13, 14]); // half a pixel right of the centre, less half of the window
    close(crop("[0.25; 0]", "[1, 1]"), [(13 + 18) / 2]);
  });
});

test("gradients and backends", async () => {
  const source = `model m {
  dim N = 3; axis t < T
  input x[t] : [N], img[t] : [4, 5, 2], w[t] : [N, N]
  random y[t] : [N]
  param A : [N, N] ~ identity, P : [2, N], v : [N] ~ normal(0, 1)
  S[t] : [N, N] = A @ A' + diag(x[t]^2) + 2 * eye(N)
  at[t] : [2] = tanh(P @ x[t])
  g[t] = crop(img[t], at[t], [2, 3])
  B[t] = softmax(w[t] + A) @ layernorm(w[t] * A[0, 0])
  y[t] ~ normal(solve(S[t], x[t] + v) + diag(B[t]) + solve(S[t], w[t]) @ v + logdet(S[t]) + sum(g[t]), 1)
}`;
  expect(await problemsOf(source, { coordinates: 20 })).toEqual([]);
});

test("every function that the language names is known", () => {
  const names =
    "tanh sigmoid relu gelu softplus silu elu exp log sqrt abs sign floor ceil round sin cos tan dot outer conv1d conv2d maxpool avgpool flatten reshape " +
    "onehot argmax stop layernorm dropout crop diag eye solve logdet sum mean max min norm logsumexp softmax";
  for (const name of names.split(" ")) {
    const { diagnostics } = check(`model m { input x; random y; y ~ normal(${name}(x), 1) }`);
    expect(
      diagnostics.filter((d) => d.code === "unknown-name" || d.code === "not-supported").map((d) => d.message),
    ).toEqual([]);
  }
});

describe("what cannot be", () => {
  it.each([
    ["solve(x, x)", "[2, 3]", "a square matrix"],
    ["solve(x, [1; 2])", "[3, 3]", "3 rows"],
    ["logdet(x)", "[3]", "a square matrix"],
    ["diag(x)", "[2, 2, 2]", "a vector or a square matrix"],
    ["crop(x, [0; 0], [3, 3])", "[5]", "an image"],
    ["crop(x, [0; 0; 0], [3, 3])", "[5, 5]", "a place [2]"],
    ["crop(x, [0; 0])", "[5, 5]", "window size"],
    ["eye(2, 3) + x", "[2, 3]", "`eye` takes one size"],
  ])("%s of %s", (expr, shape, text) => {
    const { diagnostics } = check(`model m { input x : ${shape}; random y; v = ${expr}; y ~ normal(sum(v), 1) }`);
    expect(diagnostics.map((d) => d.message).join()).toContain(text);
  });
});
