/** `recurve check --json` through the process: a diagnostic as data, as specs/language.md documents it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { build, folderWith, recurve } from "./recurve.js";

const spec = `model m {
  dim H = 3; dim K = 4
  axis t < T
  input x[t] : [H], y[t] : [K]
  param unused
  h[t] = tanh(x[t] + y[t])
  loss sum(h[t])
}
`;
const folder = folderWith({
  "wrong.rcv": spec,
  "warned.rcv": spec.replace("K = 4", "K = 3").replace(": [K]", ": [H]"),
});
beforeAll(build);
afterAll(() => folder.remove());

test("every field, with ranges that cut the text out of the file", async () => {
  const { code, events } = await recurve(["check", "wrong.rcv", "--json"], { cwd: folder.path });
  expect(code).toBe(3);
  const [found, ...more] = events().filter((e) => e["event"] === "diagnostic");
  expect(more).toEqual([]);
  expect(found).toEqual({
    event: "diagnostic",
    code: "shape-mismatch",
    severity: "error",
    message: "`+` cannot combine [H] with [K]",
    labels: [
      { file: "wrong.rcv", line: 6, column: 15, endLine: 6, endColumn: 19, text: "this is [H]", ...span("x[t] +", 4) },
      { file: "wrong.rcv", line: 6, column: 22, endLine: 6, endColumn: 26, text: "this is [K]", ...span("y[t])", 4) },
      expect.objectContaining({ line: 4, text: "`x` is [H] by this", ...span("x[t] : [H]", 10) }),
      expect.objectContaining({ line: 4, text: "`y` is [K] by this", ...span("y[t] : [K]", 10) }),
    ],
  });
});

test("a warning has its help, and the spec is fine", async () => {
  const { code, events } = await recurve(["check", "warned.rcv", "--json"], { cwd: folder.path });
  expect(code).toBe(0);
  expect(events().map((e) => [e["event"], e["severity"]])).toEqual([
    ["diagnostic", "warning"],
    ["checked", undefined],
  ]);
  expect(events()[0]).toMatchObject({
    code: "unused-name",
    help: "remove it, or use it: was a term forgotten in an equation?",
    labels: [{ file: "warned.rcv", line: 5, column: 9, endLine: 5, endColumn: 15 }],
  });
});

function span(text: string, length: number): { start: number; end: number } {
  const start = spec.indexOf(text);
  return { start, end: start + length };
}
