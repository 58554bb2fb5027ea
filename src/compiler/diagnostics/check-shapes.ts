import { label } from "../check/report.js";
import type { Place } from "../check/types.js";
import { defineDiagnostic, type Label } from "./types.js";

/** Diagnostics of shapes and types. `why`: labels of the places from which the shapes follow. */

export interface Operand {
  readonly place: Place;
  readonly type: string;
}
const is = (o: Operand): Label => label(o.place, `this is ${o.type}`);

export const shapeMismatch = defineDiagnostic<{
  what: string;
  left: Operand;
  right: Operand;
  why: readonly Label[];
  help?: string | undefined;
}>({
  code: "shape-mismatch",
  severity: "error",
  message: ({ what, left, right }) => `${what} cannot combine ${left.type} with ${right.type}`,
  labels: ({ left, right, why }) => [is(left), is(right), ...why],
  help: ({ help }) => help,
});

export const definedMismatch = defineDiagnostic<{
  name: string;
  declared: Operand;
  value: Operand;
  why: readonly Label[];
  help?: string | undefined;
}>({
  code: "shape-mismatch",
  severity: "error",
  message: ({ name, declared, value }) => `\`${name}\` is ${declared.type}, but this makes it ${value.type}`,
  labels: ({ value, declared, why }) => [is(value), label(declared.place, `${declared.type} here`), ...why],
  help: ({ declared, help }) =>
    help ?? `make the right side ${declared.type}, or change the shape that is stated or inferred there`,
});

export const conflictingShape = defineDiagnostic<{ place: Place; type: string; needed: string }>({
  code: "shape-mismatch",
  severity: "error",
  message: ({ type, needed }) => `this is ${type}, and where it stands ${needed} is needed`,
  labels: ({ place, type }) => [label(place, `this is ${type}`)],
  help: () => "state the shape of what it defines, or change this",
});

export const badArgument = defineDiagnostic<{ fn: string; needs: string; arg: Operand; help?: string | undefined }>({
  code: "bad-argument",
  severity: "error",
  message: ({ fn, needs, arg }) => `\`${fn}\` needs ${needs}, not ${arg.type}`,
  labels: ({ arg }) => [is(arg)],
  help: ({ help }) => help,
});

export const unorderedTokens = defineDiagnostic<{ place: Place; op: string }>({
  code: "bad-argument",
  severity: "error",
  message: ({ op }) => `\`${op}\` compares numbers, and tokens have no order`,
  labels: ({ place }) => [label(place, "compares tokens")],
  help: () => "tokens compare with `==` and `!=`",
});

export const badArguments = defineDiagnostic<{ place: Place; fn: string; message: string; usage: string }>({
  code: "bad-arguments",
  severity: "error",
  message: ({ message }) => message,
  labels: ({ place }) => [label(place, "in this call")],
  help: ({ usage }) => `write \`${usage}\``,
});

export const rowValue = defineDiagnostic<{ place: Place; help: string }>({
  code: "row-value",
  severity: "error",
  message: () => "vectors are columns: a row cannot be a value",
  labels: ({ place }) => [label(place, "this is a row")],
  help: ({ help }) => help,
});

export const unknownShape = defineDiagnostic<{ name: string; place: Place; read: Place | null; kind: string }>({
  code: "unknown-shape",
  severity: "error",
  message: ({ name, kind }) => `the shape of the ${kind} \`${name}\` cannot be inferred`,
  labels: ({ place, read }) => [
    label(read ?? place, read ? "this use does not tell it" : "nothing tells its shape"),
    ...(read ? [label(place, "declared here without a shape")] : []),
  ],
  help: ({ name }) => `state it, for instance \`${name} : [H]\``,
});

export const unknownSize = defineDiagnostic<{ name: string; type: string; place: Place; read: Place | null }>({
  code: "unknown-size",
  severity: "error",
  message: ({ name, type }) => `\`${name}\` is ${type}, and nothing tells the size marked \`_\``,
  labels: ({ place, read }) => [label(place, "its size is open"), ...(read ? [label(read, "used here")] : [])],
  help: ({ name, type }) => {
    const size = ["H", "K", "D", "E"].find((d) => !type.includes(d)) ?? "N";
    return `state a shape where it is defined, for instance \`${name} : ${type.replaceAll("_", size)}\` with \`dim ${size} = 64\``;
  },
});

export const badSize = defineDiagnostic<{ name: string; place: Place; size: string; value: number }>({
  code: "bad-size",
  severity: "error",
  message: ({ name, size, value }) => `a size of \`${name}\`, ${size}, is ${value}: sizes are positive integers`,
  labels: ({ place }) => [label(place, "has this size")],
  help: () => "choose dims that divide evenly",
});

export const ambiguousToken = defineDiagnostic<{ place: Place; text: string }>({
  code: "ambiguous-token",
  severity: "error",
  message: ({ text }) => `nothing tells to which vocabulary \`${text}\` belongs`,
  labels: ({ place }) => [label(place, "a token of which vocabulary?")],
  help: () => "a token stands where one is expected: in a clause of a token, or beside a token in `==` or `if`",
});

export const unknownToken = defineDiagnostic<{
  place: Place;
  text: string;
  vocab: string;
  declared: Place;
  /** How many tokens there are, where these are numbers. */
  numbers: number | null;
  near?: string | undefined;
}>({
  code: "unknown-token",
  severity: "error",
  message: ({ text, vocab }) => `\`${text}\` is not in the vocabulary \`${vocab}\``,
  labels: ({ place, declared, numbers }) => [
    label(place, "no such token"),
    label(declared, numbers === null ? "its tokens are listed here" : "its tokens are the numbers below this"),
  ],
  help: ({ near, vocab, text, numbers }) => {
    if (numbers !== null)
      return `the tokens of a dim are the numbers 0 to ${numbers - 1}; one of them can stand for \`BOS\` or \`EOS\``;
    if (text === "UNK") return `only a vocabulary that leaves tokens out has it: \`vocab ${vocab} max 20000\``;
    return near ? `did you mean \`${near}\`?` : `add it to the list of \`${vocab}\``;
  },
});

export const notAToken = defineDiagnostic<{ place: Place; text: string; other: string }>({
  code: "not-a-token",
  severity: "error",
  message: ({ text, other }) => `\`${text}\` is a token, and this place is ${other}`,
  labels: ({ place }) => [label(place, "a token")],
  help: () => "tokens compare with tokens and define tokens; a vector starts from a number or a vector",
});

export const missingStart = defineDiagnostic<{ name: string; type: string; place: Place; read: Place | null }>({
  code: "missing-start",
  severity: "error",
  message: ({ name, type }) => `the parameter \`${name}\` (${type}) is not only added, so it must say how it starts`,
  labels: ({ place, read }) => [
    label(place, "no start is stated"),
    ...(read ? [label(read, "a factor that starts at 0 would never learn")] : []),
  ],
  help: ({ name }) => `write for instance \`param ${name} ~ constant(1)\` or \`param ${name} ~ uniform(-0.1, 0.1)\``,
});

export const badStart = defineDiagnostic<{ place: Place; message: string; near?: string | undefined }>({
  code: "bad-start",
  severity: "error",
  message: ({ message }) => message,
  labels: ({ place }) => [label(place, "this start")],
  help: ({ near }) =>
    near
      ? `did you mean \`${near}\`?`
      : "starts are `zeros`, `constant(c)`, `glorot`, `he`, `lecun`, `orthogonal(gain)`, `identity(gain)`, `uniform(a, b)`, `normal(mean, sd)`, `gates(…)`",
});
