/** `scheduled_sampling`: is there a past to sample, and can it be drawn within a step of training (R20)? */
import { blockArguments } from "../diagnostics/blocks.js";
import type { Model } from "../model.js";
import { RATE, SamplingError, scheduledSampling } from "../passes/scheduled-sampling.js";
import { trainingMode } from "../programs.js";
import { NotCausal, schedule } from "../schedule/schedule.js";
import type { Span } from "../syntax/ast.js";
import type { Context } from "./context.js";

/** `written`: where the block asks for it; set from outside it is written nowhere. */
export function checkSampled(cx: Context, model: Model, written: Span | undefined): void {
  const reason = whyNot(model);
  const help = "leave it out: the model is then trained on the observed past (teacher forcing)";
  if (reason !== null) cx.report(blockArguments({ span: written, what: "`scheduled_sampling`", reason, help }));
}

function whyNot(model: Model): string | null {
  const mode = trainingMode(model, true);
  try {
    const system = scheduledSampling(model.system(mode), mode.sampled ?? []);
    if (!system.values.has(RATE)) return "has nothing to replace: no random is read at another step than its own";
    schedule(system);
    return null;
  } catch (error) {
    if (error instanceof SamplingError) return error.reason;
    if (error instanceof NotCausal)
      return "would draw from what the observed values themselves decide: a step reads around itself";
    throw error;
  }
}
