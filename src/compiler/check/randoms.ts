/** `y[t] ~ categorical(z[t]) weight w[t]`: the distributions of randoms. */
import * as randoms from "../diagnostics/check-randoms.js";
import * as shapes from "../diagnostics/check-shapes.js";
import type { Statement } from "../syntax/ast.js";
import { printIndices } from "../syntax/print.js";
import type { Slot } from "../system/types.js";
import type { Context, Scope } from "./context.js";
import { drawingOf } from "./distributions/call.js";
import { distributionOf, paramsOf } from "./distributions/index.js";
import { describe } from "./entities.js";
import { checkFree, leftOf } from "./equations.js";
import { elaborate } from "./expressions.js";
import { scalarShape } from "./rules.js";
import type { Drawing, Quantity, Sampling } from "./terms.js";
import { showType } from "./types.js";

type Draw = Extract<Statement, { kind: "sample" }>;

export function elaborateDraw(cx: Context, s: Draw, global: Scope): void {
  const { target } = s;
  const entity = global.names.own(target.name);
  if (entity?.kind === "wrong") return;
  if (entity?.kind !== "quantity" || entity.quantity.role !== "random") {
    const is = entity ? describe(entity) : "not declared";
    cx.report(
      randoms.notRandom({
        place: target.span,
        name: target.name,
        is,
        whole: `${target.name}${printIndices(target.indices)}`,
        ...(entity ? { declared: entity.place } : {}),
      }),
    );
    return;
  }
  const q = entity.quantity;
  const left = leftOf(cx, target, global);
  if (left?.kind !== "whole") q.sampling ??= { ...nothing, span: s.span };
  if (!left) return;
  if (left.kind === "clause") {
    const whole = q.slots.length ? `${q.name}[${q.slots.map((x) => x.name).join(", ")}]` : q.name;
    cx.report(randoms.partialDraw({ place: target.span, name: q.name, whole }));
    return;
  }
  if (q.sampling) {
    cx.report(randoms.drawnTwice({ place: s.span, name: q.name, first: q.sampling.span }));
    return;
  }
  const weight = s.weight ? elaborate(cx, s.weight, left.scope) : null;
  const drawing = drawingOf(cx, s.dist, q, left.scope);
  if (weight) {
    scalarShape(cx.solver, weight, () =>
      cx.report(
        shapes.badArgument({
          fn: "weight",
          needs: "a number",
          arg: { place: weight.span, type: showType(weight.type) },
        }),
      ),
    );
    checkFree(cx, weight, drawing ? scoredSlots(q, drawing) : q.slots, q, target.span);
  }
  if (!drawing) {
    q.sampling = { ...nothing, span: s.span };
    return;
  }
  q.sampling = { ...drawing, weight, span: s.span };
  const free = [...scoredSlots(q, drawing), ...ranged(drawing)];
  for (const p of paramsOf(drawing)) checkFree(cx, p, free, q, target.span);
}

/** In the place of a distribution that was wrong, so that it is not missed as well. */
const nothing: Omit<Sampling, "span"> = {
  dist: "categorical",
  given: "logits",
  params: [],
  over: null,
  base: null,
  weight: null,
};

/** The variables that it ranges over, those of a mixture's components too. */
export const ranged = (d: Drawing): Slot[] => [...(d.over ? [d.over] : []), ...(d.base ? ranged(d.base) : [])];

/** The slots of its log-probability: one for each draw. */
export const scoredSlots = (q: Quantity, d: Drawing): readonly Slot[] =>
  distributionOf(d.dist).isWhole ? q.slots.slice(0, -1) : q.slots;
