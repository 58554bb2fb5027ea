/** One for each index of static axes: `param W[l]`, `cell F[l] = LSTM(H)`. */
import * as domains from "../diagnostics/check-domains.js";
import type { Target } from "../syntax/ast.js";
import type { Slot } from "../system/types.js";
import type { Context } from "./context.js";
import type { Names } from "./entities.js";
import type { Place } from "./types.js";

/** The axes behind a name, or null: an index is wrong, which has been reported. */
export function eachOf(cx: Context, t: Target, scope: Names, via?: Place): readonly Slot[] | null {
  const slots: Slot[] = [];
  for (const index of t.indices) {
    const bad = (message: string, help: string): null => {
      cx.report(domains.badIndex({ place: index.span, message, help }), via);
      return null;
    };
    const entity = index.value.kind === "name" && !index.in ? scope.find(index.value.name) : undefined;
    if (entity?.kind === "wrong") return null;
    if (entity?.kind !== "axis")
      return bad(`\`${t.name}[…]\` is one for each index of an axis`, "write the variable of an axis: `axis l < 2`");
    const { slot } = entity;
    if (!cx.axes.get(slot.axis)?.size)
      return bad(
        `there cannot be one \`${t.name}\` for each \`${slot.name}\`: its axis is as long as each sample`,
        `use an axis of fixed length, \`axis ${slot.name} < 2\`, or one \`${t.name}\` for all`,
      );
    if (slots.some((s) => s.name === slot.name)) return bad(`\`${slot.name}\` stands twice`, "name each axis once");
    slots.push(slot);
  }
  return slots;
}
