/** The topology of a model: which of its inputs and randoms run along a sequence. */
import * as randoms from "../diagnostics/check-randoms.js";
import { nearest } from "../diagnostics/nearest.js";
import type { ModelDef } from "../syntax/ast.js";
import type { Context } from "./context.js";
import { structureOf } from "./structures/facts.js";
import type { Quantity } from "./terms.js";

const known = [
  "one-to-one",
  "one-to-many",
  "many-to-one",
  "many-to-many",
  "seq2seq",
  "generator",
  "grid",
  "tree-to-one",
  "tree-to-tree",
  "tree-to-many",
  "graph-to-one",
  "graph-to-graph",
  "graph-to-many",
];

/** The name, and why. */
function inferTopology(cx: Context): { readonly name: string; readonly because: string } {
  const of = (role: Quantity["role"]): Quantity[] => cx.quantities.filter((q) => q.role === role && !q.map);
  const axes = (qs: readonly Quantity[]): string[] => [...new Set(qs.flatMap((q) => q.slots.map((s) => s.axis)))];
  const [inputs, outputs] = [of("input"), of("random")];
  const [from, to] = [axes(inputs), axes(outputs)];
  const list = (qs: readonly Quantity[], none: string): string =>
    qs.length
      ? qs
          .map((q) => `\`${q.name}\`${q.slots.length ? ` over ${q.slots.map((s) => s.axis).join("×")}` : ""}`)
          .join(", ")
      : none;
  const because = `inputs: ${list(inputs, "none")}; randoms: ${list(outputs, "none")}`;
  const [structure] = cx.structures.values();
  const name = ((): string => {
    if (structure) {
      if (!to.length) return `${structure.kind}-to-one`;
      return `${structure.kind}-to-${to.every((a) => structureOf(cx, a)) ? structure.kind : "many"}`;
    }
    if ([...inputs, ...outputs].some((q) => q.slots.filter((s) => s.of === undefined).length > 1)) return "grid";
    if (!inputs.length) return "generator";
    if (!from.length) return to.length ? "one-to-many" : "one-to-one";
    if (!to.length) return "many-to-one";
    if (to.every((a) => from.includes(a))) return "many-to-many";
    return "seq2seq";
  })();
  return { name, because };
}

export function checkTopology(cx: Context, model: ModelDef): string {
  const { name, because } = inferTopology(cx);
  const { topology: stated, topologySpan: place } = model;
  if (stated === undefined || !place || stated === name) return name;
  if (!known.includes(stated)) cx.report(randoms.unknownTopology({ place, stated, near: nearest(stated, known) }));
  else cx.report(randoms.topologyDiffers({ place, stated, inferred: name, because }));
  return name;
}
