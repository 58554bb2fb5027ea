import { label } from "../check/report.js";
import type { Place } from "../check/types.js";
import type { Span } from "../syntax/ast.js";
import { defineDiagnostic } from "./types.js";

/** Diagnostics of order: what must be computed before what (R12). */

export interface Step {
  readonly place: Place;
  /** `h[t]` reads `a[t]`. */
  readonly reader: string;
  readonly read: string;
  readonly line: number;
}

const route = (steps: readonly Step[]): string =>
  `${steps[0]?.reader} → ${steps.map((s) => `${s.read} (line ${s.line})`).join(" → ")}`;

export const causalCycle = defineDiagnostic<{ steps: readonly Step[]; suggestion?: string | undefined }>({
  code: "causal-cycle",
  severity: "error",
  message: ({ steps }) => `not causal: ${route(steps)}: total shift 0`,
  labels: ({ steps }) => steps.map((s) => label(s.place, `\`${s.reader}\` needs \`${s.read}\``)),
  help: ({ suggestion }) =>
    suggestion ? `did you mean \`${suggestion}\`?` : "one of these reads must take a step back",
});

export const directionConflict = defineDiagnostic<{
  back: readonly Step[];
  ahead: readonly Step[];
  axis: string;
  /** A tree or graph, whose nodes stand above and below one another. */
  isStructure?: boolean;
}>({
  code: "direction-conflict",
  severity: "error",
  message: ({ back, ahead, axis, isStructure }) => {
    const [before, after] = isStructure ? ["the nodes below", "those above"] : ["the element before", "the one after"];
    return `no order along \`${axis}\` computes this: ${route(back)} needs ${before}, ${route(ahead)} ${after}`;
  },
  labels: ({ back, ahead }) => [...back, ...ahead].map((s) => label(s.place, `\`${s.reader}\` needs \`${s.read}\``)),
  help: ({ isStructure }) =>
    isStructure
      ? "let one direction be a recurrence of its own, from the leaves up or from the root down, that reads the other"
      : "let one direction be a recurrence of its own and combine the two afterwards: `[f[t]; b[t]]`",
});

export const constantInCycle = defineDiagnostic<{
  steps: readonly Step[];
  read: string;
  place: Place;
  /** Where the index is no constant: what it is, a variable or an expression, beside the variable of the reader. */
  index?: string;
  own?: string;
  isChosen?: boolean;
}>({
  code: "constant-in-cycle",
  severity: "error",
  message: ({ steps, read }) => `\`${read}\` is needed for itself: ${route(steps)}`,
  labels: ({ steps }) => steps.map((s) => label(s.place, `\`${s.reader}\` needs \`${s.read}\``)),
  help: ({ index, own, isChosen }) => {
    if (index === undefined) return "an element at a fixed index cannot be read by what it is computed from";
    return isChosen
      ? `nothing says that \`${index}\` is before \`${own}\`: read it under a condition, \`if ${index} < ${own} then … else …\``
      : `\`${index}\` runs over the whole axis: read what is computed already, \`if ${index} < ${own} then … else 0\``;
  },
});

export const tooEarly = defineDiagnostic<{ steps: readonly Step[]; random: string; place: Place; read: string }>({
  code: "read-before-draw",
  severity: "error",
  message: ({ random, read, steps }) =>
    `\`${random}\` is drawn after \`${read}\` is read${steps.length ? `: ${route(steps)}` : ""}; it could be trained but never decoded`,
  labels: ({ place, random, read, steps }) => [
    label(place, `reads \`${read}\` before \`${random}\` can be drawn`),
    ...steps.filter((s) => s.place !== place).map((s) => label(s.place, `\`${s.reader}\` needs \`${s.read}\``)),
  ],
  help: ({ random }) => `read only what was drawn before, such as \`${random}[t-1]\``,
});

/** Truncated BPTT with carried state (R16). `written`: where it is asked for, unless that is outside the spec. */
export const carryImpossible = defineDiagnostic<{
  who: string;
  what: string;
  axis: string;
  place: Place | undefined;
  written: Span | undefined;
}>({
  code: "carry-impossible",
  severity: "error",
  message: ({ who, what, axis }) =>
    `no window of a truncated sequence can compute ${who}, which ${what}: state cannot be carried along ${axis}`,
  labels: ({ place, what, axis, written }) => [
    ...(place ? [label(place, `this ${what}`)] : []),
    ...(written ? [label(written, `cuts ${axis} into windows, each computed without those after it`)] : []),
  ],
  help: () => "leave out `carry`, so that every window starts anew, or leave out `truncate`",
});
