import { label } from "../check/report.js";
import type { Place } from "../check/types.js";
import { defineDiagnostic } from "./types.js";

/** Diagnostics of randoms, distributions, losses and topologies. */

export const undrawnRandom = defineDiagnostic<{ place: Place; name: string; example: string }>({
  code: "undrawn-random",
  severity: "error",
  message: ({ name }) => `the random \`${name}\` has no distribution`,
  labels: ({ place }) => [label(place, "never drawn")],
  help: ({ example }) => `write \`${example}\`, or declare it as an \`input\` if it is only observed`,
});

export const takenRandom = defineDiagnostic<{ place: Place; name: string }>({
  code: "taken-random",
  severity: "error",
  message: ({ name }) => `a random cannot be called \`${name}\`: what decoding gives has a \`${name}\` of its own`,
  labels: ({ place }) => [label(place, "this name is taken")],
  help: () => "give it another name",
});

export const drawnTwice = defineDiagnostic<{ place: Place; name: string; first: Place }>({
  code: "drawn-twice",
  severity: "error",
  message: ({ name }) => `the random \`${name}\` has two distributions`,
  labels: ({ place, first }) => [label(place, "drawn again"), label(first, "drawn here first")],
});

export const notRandom = defineDiagnostic<{ place: Place; name: string; is: string; whole: string; declared?: Place }>({
  code: "not-random",
  severity: "error",
  message: ({ name, is }) => `\`~\` draws a random, and \`${name}\` is ${is}`,
  labels: ({ place, declared, is }) => [
    label(place, "drawn here"),
    ...(declared ? [label(declared, `declared as ${is}`)] : []),
  ],
  help: ({ whole }) => `declare \`random ${whole}\``,
});

export const badDistribution = defineDiagnostic<{ place: Place; message: string; help: string }>({
  code: "bad-distribution",
  severity: "error",
  message: ({ message }) => message,
  labels: ({ place }) => [label(place, "this distribution")],
  help: ({ help }) => help,
});

export const partialDraw = defineDiagnostic<{ place: Place; name: string; whole: string }>({
  code: "partial-draw",
  severity: "error",
  message: ({ name }) => `a random is drawn at every index at once: \`${name}\` stands with its axes as bare names`,
  labels: ({ place }) => [label(place, "not all of it")],
  help: ({ whole }) => `write \`${whole} ~ …\`; where it is not to count, give it \`weight\` 0`,
});

export const openLength = defineDiagnostic<{
  place: Place;
  random: string;
  length: string;
  axis: Place;
  token: string;
}>({
  code: "open-length",
  severity: "error",
  message: ({ random, length }) =>
    `the length \`${length}\` is known when \`${random}\` is drawn to its end, and is needed before; it could be trained but never decoded`,
  labels: ({ place, length, axis, token }) => [
    label(place, `needs \`${length}\``),
    label(axis, `ends where ${token} is drawn`),
  ],
  help: ({ length }) => `use the index instead of \`${length}\`, or look back along the axis, not ahead`,
});

export const noObjective = defineDiagnostic<{ place: Place; name: string }>({
  code: "no-objective",
  severity: "error",
  message: ({ name }) => `the model \`${name}\` has nothing to learn from: no random and no loss`,
  labels: ({ place }) => [label(place, "no objective")],
  help: () => "declare what is to be predicted as `random`, and draw it with `~`",
});

export const topologyDiffers = defineDiagnostic<{ place: Place; stated: string; inferred: string; because: string }>({
  code: "topology-differs",
  severity: "error",
  message: ({ stated, inferred }) => `this model is \`${inferred}\`, not \`${stated}\``,
  labels: ({ place, because }) => [label(place, because)],
  help: ({ inferred }) => `write \`: ${inferred}\`, leave it out, or change the axes of the inputs and randoms`,
});

export const unknownTopology = defineDiagnostic<{ place: Place; stated: string; near?: string | undefined }>({
  code: "unknown-topology",
  severity: "error",
  message: ({ stated }) => `\`${stated}\` is not a topology`,
  labels: ({ place }) => [label(place, "unknown")],
  help: ({ near }) =>
    near
      ? `did you mean \`${near}\`?`
      : "the topologies are `one-to-one`, `one-to-many`, `many-to-one`, `many-to-many`, `seq2seq`, `generator` and `grid`",
});

export const badUntil = defineDiagnostic<{ place: Place; message: string; example: string }>({
  code: "bad-until",
  severity: "error",
  message: ({ message }) => message,
  labels: ({ place }) => [label(place, "this condition")],
  help: ({ example }) => `write \`${example}\``,
});
