import { label } from "../check/report.js";
import type { Place } from "../check/types.js";
import { defineDiagnostic } from "./types.js";

/** Warnings about what is allowed and probably not meant. */

export const unusedValue = defineDiagnostic<{ place: Place; text: string }>({
  code: "unused-value",
  severity: "warning",
  message: ({ text }) => `no draw, loss or metric depends on \`${text}\`: its parameters never learn`,
  labels: ({ place }) => [label(place, "nothing that counts reads this")],
  help: () => "remove it, or use it: was a term forgotten in an equation?",
});

export const unreadStart = defineDiagnostic<{ place: Place; declared: Place; text: string; first: string }>({
  code: "unread-start",
  severity: "warning",
  message: ({ text, first }) => `\`${first}\` is never read: the earliest that is, is \`${text}\``,
  labels: ({ place, declared }) => [label(place, "reads ahead"), label(declared, "declared from index 0 on")],
  help: () => "an input starts at index 0: the first step reads index 0, not index 1",
});

export const probabilitiesAsLogits = defineDiagnostic<{ place: Place; dist: string; fn: string }>({
  code: "probabilities-as-logits",
  severity: "warning",
  message: ({ dist, fn }) => `\`${dist}\` takes logits and applies \`${fn}\` by itself: here it is applied twice`,
  labels: ({ place }) => [label(place, "probabilities already")],
  help: ({ dist, fn }) =>
    `write \`${dist}(z)\` for \`${dist}(${fn}(z))\`${dist === "ctc" ? "" : `, or say \`${dist}(p = ${fn}(z))\``}`,
});

export const unusedBlock = defineDiagnostic<{ place: Place; name: string }>({
  code: "unused-block",
  severity: "warning",
  message: ({ name }) => `the block \`${name}\` decides nothing: the model has no random`,
  labels: ({ place }) => [label(place, "nothing is decoded")],
  help: () => "what is to be produced is declared as a random and drawn: `y[t] ~ normal(mu[t], 1)`",
});

export const silentGain = defineDiagnostic<{ place: Place; name: string; read: Place }>({
  code: "silent-gain",
  severity: "warning",
  message: ({ name }) =>
    `the gain \`${name}\` starts at 0: what it scales is 0, and nothing before it learns until it moves`,
  labels: ({ place, read }) => [label(place, "starts at 0"), label(read, "multiplies here")],
  help: ({ name }) => `a gain starts at 1: \`param ${name} ~ constant(1)\``,
});
