import { label } from "../check/report.js";
import type { Place } from "../check/types.js";
import { defineDiagnostic } from "./types.js";

/** Diagnostics of names: what is declared, what is used, what is imported, and what is set from outside. */

const meant = (near: string | undefined, otherwise?: string): string | undefined =>
  near === undefined ? otherwise : `did you mean \`${near}\`?`;

export const unknownName = defineDiagnostic<{
  place: Place;
  name: string;
  what: string;
  near?: string | undefined;
  help?: string | undefined;
}>({
  code: "unknown-name",
  severity: "error",
  message: ({ name, what }) => `there is no ${what} \`${name}\``,
  labels: ({ place }) => [label(place, "not declared anywhere")],
  help: ({ near, help }) => meant(near, help),
});

export const duplicateName = defineDiagnostic<{ place: Place; name: string; first: Place }>({
  code: "duplicate-name",
  severity: "error",
  message: ({ name }) => `\`${name}\` is declared twice; a model has one namespace`,
  labels: ({ place, first }) => [label(place, "declared again"), label(first, "declared here first")],
  help: () => "give one of them another name",
});

export const duplicateToken = defineDiagnostic<{ place: Place; text: string; vocab: string }>({
  code: "duplicate-token",
  severity: "error",
  message: ({ text, vocab }) => `${JSON.stringify(text)} stands twice in the vocabulary \`${vocab}\``,
  labels: ({ place }) => [label(place, "each token has one place")],
  help: () => "keep one of them",
});

export const duplicateEquation = defineDiagnostic<{ place: Place; name: string; first: Place }>({
  code: "duplicate-equation",
  severity: "error",
  message: ({ name }) => `\`${name}\` has two equations`,
  labels: ({ place, first }) => [label(place, "defined again"), label(first, "defined here first")],
  help: () => "an equation is not an assignment: give the second value a name of its own",
});

export const wrongKind = defineDiagnostic<{ place: Place; name: string; is: string; needs: string; declared: Place }>({
  code: "wrong-kind",
  severity: "error",
  message: ({ name, is, needs }) => `\`${name}\` is ${is}; ${needs} should stand here`,
  labels: ({ place, declared, is }) => [label(place, "used here"), label(declared, `declared as ${is}`)],
});

export const derivedType = defineDiagnostic<{ place: Place; name: string; declared: Place }>({
  code: "derived-type",
  severity: "error",
  message: ({ name }) => `nothing can range over \`${name}\`, which follows from other dims`,
  labels: ({ place, declared }) => [label(place, "stands as a type"), label(declared, "is an expression of others")],
  help: ({ name }) => `give it a number of its own: \`dim ${name} = 64\``,
});

export const tooManyTokens = defineDiagnostic<{ place: Place; name: string; size: number; most: number }>({
  code: "too-many-tokens",
  severity: "error",
  message: ({ name, size, most }) => `\`${name}\` would be a vocabulary of ${size} tokens, more than ${most}`,
  labels: ({ place }) => [label(place, "stands as a type")],
  help: ({ name }) => `choose a smaller \`${name}\`, or give vectors in the place of tokens`,
});

export const notDefinable = defineDiagnostic<{ place: Place; name: string; is: string; declared: Place }>({
  code: "not-definable",
  severity: "error",
  message: ({ name, is }) => `\`${name}\` is ${is} and cannot have an equation`,
  labels: ({ place, declared, is }) => [label(place, "defined here"), label(declared, `declared as ${is}`)],
  help: ({ is }) =>
    is === "a random"
      ? "a random is drawn: write `~` with a distribution, or leave out the `random` declaration"
      : "choose another name for the value that is defined",
});

export const unusedName = defineDiagnostic<{ place: Place; what: string }>({
  code: "unused-name",
  severity: "warning",
  message: ({ what }) => `${what} is never used`,
  labels: ({ place }) => [label(place, "nothing reads this")],
  help: () => "remove it, or use it: was a term forgotten in an equation?",
});

export const unknownImport = defineDiagnostic<{ place: Place; path: string; near?: string | undefined }>({
  code: "unknown-import",
  severity: "error",
  message: ({ path }) => `there is no library \`${path}\``,
  labels: ({ place }) => [label(place, "cannot be imported")],
  help: ({ near }) =>
    meant(near, "the library of cells is `std.cells`; a file beside the spec is imported by a path in quotes"),
});

export const unreadableImport = defineDiagnostic<{ place: Place; path: string }>({
  code: "unreadable-import",
  severity: "error",
  message: ({ path }) => `the file "${path}" cannot be read`,
  labels: ({ place }) => [label(place, "imported here")],
  help: () => "paths are relative to the file that imports",
});

export const circularImport = defineDiagnostic<{ place: Place; path: string }>({
  code: "circular-import",
  severity: "error",
  message: ({ path }) => `"${path}" imports itself`,
  labels: ({ place }) => [label(place, "imported here, while it is being read")],
});

export const noSuchCell = defineDiagnostic<{ place: Place; name: string; path: string; near?: string | undefined }>({
  code: "unknown-name",
  severity: "error",
  message: ({ name, path }) => `there is no cell \`${name}\` in \`${path}\``,
  labels: ({ place }) => [label(place, "not in this library")],
  help: ({ near }) => meant(near),
});

export const unknownOverride = defineDiagnostic<{
  key: string;
  place: Place;
  near?: string | undefined;
  known: string;
}>({
  code: "unknown-override",
  severity: "error",
  message: ({ key }) => `\`${key}\` cannot be set: there is no such dim, hyperparameter or block`,
  labels: ({ place }) => [label(place, "in this model")],
  help: ({ near, known }) => meant(near, known ? `what can be set: ${known}` : undefined),
});

export const badOverride = defineDiagnostic<{ key: string; place: Place; value: string; needs: string }>({
  code: "bad-override",
  severity: "error",
  message: ({ key, value, needs }) => `\`${key}\` cannot be ${value}: it needs ${needs}`,
  labels: ({ place }) => [label(place, "declared here")],
});

export const notConstant = defineDiagnostic<{ place: Place; what: string }>({
  code: "not-constant",
  severity: "error",
  message: ({ what }) => `${what} must be known when the model is compiled`,
  labels: ({ place }) => [label(place, "this is not a constant")],
  help: () => "constants are numbers, dims, hyperparameters, and arithmetic of them",
});

export const badConstant = defineDiagnostic<{ place: Place; what: string; value: number; needs: string }>({
  code: "bad-constant",
  severity: "error",
  message: ({ what, value, needs }) => `${what} is ${value}; it must be ${needs}`,
  labels: ({ place }) => [label(place, "this value")],
  help: ({ value }) => (Number.isInteger(value) ? undefined : "`div` divides whole numbers and rounds down"),
});

export const circularDim = defineDiagnostic<{ place: Place; name: string }>({
  code: "circular-dim",
  severity: "error",
  message: ({ name }) => `the dim \`${name}\` is defined by itself`,
  labels: ({ place }) => [label(place, "needs its own value")],
});

export const unknownBlock = defineDiagnostic<{ place: Place; name: string; near?: string | undefined }>({
  code: "unknown-block",
  severity: "error",
  message: ({ name }) => `there is no block \`${name}\``,
  labels: ({ place }) => [label(place, "unknown block")],
  help: ({ near }) => meant(near, "the blocks are `data`, `train` and `decode`"),
});

export const duplicateKey = defineDiagnostic<{ place: Place; key: string; block: string }>({
  code: "duplicate-key",
  severity: "error",
  message: ({ key, block }) => `\`${key}\` stands twice in \`${block}\``,
  labels: ({ place }) => [label(place, "given again")],
  help: () => "keep one of them",
});

export const badBlockValue = defineDiagnostic<{ place: Place; message: string }>({
  code: "bad-block-value",
  severity: "error",
  message: ({ message }) => message,
  labels: ({ place }) => [label(place, "not a value of a block")],
  help: () => "values are numbers, strings, names, lists, and calls such as `adam(lr = 0.01)`",
});

export const requireFails = defineDiagnostic<{ place: Place; left: string; right: string; op: string }>({
  code: "require-fails",
  severity: "error",
  message: ({ left, right, op }) => `required ${op} does not hold: the left side is ${left}, the right side ${right}`,
  labels: ({ place }) => [label(place, "this must hold")],
});

export const wrongCellUse = defineDiagnostic<{
  place: Place;
  message: string;
  help?: string | undefined;
  declared?: Place;
}>({
  code: "bad-cell-use",
  severity: "error",
  message: ({ message }) => message,
  labels: ({ place, declared }) => [label(place, "here"), ...(declared ? [label(declared, "the cell")] : [])],
  help: ({ help }) => help,
});
