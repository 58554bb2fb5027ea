/** `truncate(…, carry)`: does the model ask only what a window of a sequence can answer (R16)? */
import type { TrainConfig } from "../blocks/types.js";
import { blockArguments } from "../diagnostics/blocks.js";
import { carryImpossible } from "../diagnostics/check-causality.js";
import type { Model } from "../model.js";
import { CarryError } from "../passes/carry.js";
import { carriedSystem } from "../programs.js";
import { resetOf } from "../reset.js";
import type { Span } from "../syntax/ast.js";
import type { Context } from "./context.js";
import type { Place } from "./types.js";

/** `written`: where the block asks for it; set from outside it is written nowhere. */
export function checkCarried(
  cx: Context,
  model: Model,
  { truncate, normalize }: TrainConfig,
  written: Span | undefined,
): void {
  const [axis, ...others] = model.axes.filter(({ kind }) => kind === "ragged");
  // which axis is cut into windows is for the data to say where there is not exactly one
  if (!truncate?.carry || !axis || others.length) return;
  const { fields, vocabs, vocabularies } = model;
  // the tokens of these are for the data to say
  const unsized = vocabs.filter((v) => !v.tokens).map((v) => v.name);
  const reset =
    truncate.reset === null ? null : resetOf({ fields, vocabs, vocabularies, unsized }, axis.bound, truncate.reset);
  if (reset && "reason" in reset) {
    cx.report(blockArguments({ span: written, what: "`truncate(…)`", ...reset }));
    return;
  }
  for (const training of [true, false]) {
    try {
      carriedSystem(
        model,
        { training, drawn: [] },
        {
          carry: axis.bound,
          normalize,
          ...(reset && { reset: { ...reset, token: Math.max(0, reset.token) } }),
        },
      );
    } catch (error) {
      if (!(error instanceof CarryError)) throw error;
      cx.report(carryImpossible({ ...whoAsks(cx, error.value), what: error.what, axis: axis.bound, written }));
      return;
    }
  }
}

/** The statement that a value comes from. The objective is the sum of what the `loss` statements say. */
function whoAsks(cx: Context, value: string): { readonly who: string; readonly place: Place | undefined } {
  const quantity = cx.quantities.find(({ id }) => id === value || value === `${id}.logp` || value === `${id}.hits`);
  if (quantity)
    return { who: `\`${quantity.id}\``, place: quantity.sampling?.span ?? quantity.definition?.span ?? quantity.span };
  const metric = cx.objectives.find((o) => o.kind === "metric" && value === `metric.${o.name}.sum`);
  if (metric) return { who: `the metric \`${metric.name}\``, place: metric.place };
  const losses = cx.objectives.filter(({ kind }) => kind === "loss");
  return { who: "the loss", place: losses.length === 1 ? losses[0]?.place : undefined };
}
