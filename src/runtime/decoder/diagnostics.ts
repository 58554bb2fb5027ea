/** What a spec, or a request, may ask of decoding that cannot be. */
import { defineDiagnostic } from "../../compiler/diagnostics/types.js";
import { listed } from "../../compiler/diagnostics/words.js";

export const openAxis = defineDiagnostic<{ axis: string; randoms: readonly string[] }>({
  code: "decode-open-axis",
  severity: "error",
  message: ({ axis, randoms }) => `nothing says how long ${listed(randoms)} may become along ${axis}`,
  labels: () => [],
  help: ({ axis }) => `write \`decode { max = 100 }\`, or let a token end it: \`axis t < ${axis} until y[t] == EOS\``,
});

export const openWithin = defineDiagnostic<{ axis: string; within: string; randoms: readonly string[] }>({
  code: "decode-open-within",
  severity: "error",
  message: ({ axis, within, randoms }) =>
    `${listed(randoms)} would have to find a length along ${axis} for each index of ${within}, and decoding finds one length per record`,
  labels: () => [],
  help: ({ axis }) => `give an input over ${axis}, so that its lengths are known`,
});

export const beamContinuous = defineDiagnostic<{ random: string }>({
  code: "decode-beam-continuous",
  severity: "error",
  message: ({ random }) => `beam search compares tokens, and \`${random}\` is drawn as real numbers`,
  labels: () => [],
  help: () => "decode with `greedy` or `sample(…)`",
});

export const beamOverAxes = defineDiagnostic<{ random: string; axes: readonly string[] }>({
  code: "decode-beam-axes",
  severity: "error",
  message: ({ random, axes }) => `beam search follows one axis, and \`${random}\` is drawn over ${axes.length}`,
  labels: () => [],
  help: () => "decode with `greedy` or `sample(…)`",
});

export const searchOfNodes = defineDiagnostic<{ randoms: readonly string[]; structure: string }>({
  code: "decode-search-nodes",
  severity: "error",
  message: ({ randoms, structure }) =>
    `a search follows a sequence, and ${listed(randoms)} are drawn node after node of \`${structure}\``,
  labels: () => [],
  help: () => "decode with `greedy` or `sample(…)`",
});

export const beamRetimed = defineDiagnostic<{ randoms: readonly string[] }>({
  code: "decode-beam-retimed",
  severity: "error",
  message: ({ randoms }) =>
    `${listed(randoms)} are drawn at different steps of one loop, so a beam cannot hold them together`,
  labels: () => [],
  help: () => "decode with `greedy` or `sample(…)`",
});

export const prefixOverAxes = defineDiagnostic<{ random: string }>({
  code: "decode-prefix-axes",
  severity: "error",
  message: ({ random }) => `\`${random}\` has several axes, so a beginning of it cannot be given`,
  labels: () => [],
  help: ({ random }) => `leave \`${random}\` out of the record`,
});

export const viterbiMemory = defineDiagnostic<{ randoms: readonly string[] }>({
  code: "decode-viterbi-memory",
  severity: "error",
  message: ({ randoms }) =>
    randoms.length > 1
      ? `Viterbi follows one random, and ${listed(randoms)} are drawn together`
      : `Viterbi is exact where a random's own past is all that is carried from draw to draw; something else is carried to ${listed(randoms)}`,
  labels: () => [],
  help: () => "decode with `beam(k)`",
});

export const viterbiStates = defineDiagnostic<{ random: string; memory: number; size: number | null }>({
  code: "decode-viterbi-states",
  severity: "error",
  message: ({ random, memory, size }) =>
    size === null
      ? `Viterbi needs a fixed number of values, and \`${random}\` has none`
      : `\`${random}\` depends on ${memory} of its last values: ${size}^${memory} combinations are too many`,
  labels: () => [],
  help: () => "decode with `beam(k)`",
});

export const labelsOfKnownLength = defineDiagnostic<{ random: string; axis: string }>({
  code: "decode-ctc-length",
  severity: "error",
  message: ({ random, axis }) =>
    `\`ctc\` finds how many labels there are, and the length of \`${random}\` along ${axis} is given by something else`,
  labels: () => [],
  help: () => "give the labels an axis of their own",
});

export const labelsWithPrefix = defineDiagnostic<{ random: string }>({
  code: "decode-ctc-prefix",
  severity: "error",
  message: ({ random }) => `the labels \`${random}\` are found all at once, so a beginning of them cannot be given`,
  labels: () => [],
  help: ({ random }) => `leave \`${random}\` out of the record`,
});

export const labelsOverAxes = defineDiagnostic<{ random: string; axes: readonly string[] }>({
  code: "decode-ctc-axes",
  severity: "error",
  message: ({ random, axes }) =>
    `decoding finds one sequence of labels for each record, and \`${random}\` is one for each of ${listed(axes.slice(0, -1))}`,
  labels: () => [],
  help: () => "make a record of each sequence",
});
