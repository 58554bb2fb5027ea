/** Dims as types: `input x[t] : V` is one of V tokens, whose names are their numbers 0 … V − 1. */
import * as names from "../diagnostics/check-names.js";
import type { ModelDef } from "../syntax/ast.js";
import type { Context } from "./context.js";
import * as dims from "./dims.js";
import type { Names } from "./entities.js";

/** Each has a name in the memory of whoever reads the spec. */
const MOST_TOKENS = 1_000_000;

/**
 * Makes a vocabulary of every dim that stands as a type, before any type is read: what is said of vocabularies then holds
 * for it wherever it stands, be it the bound of an axis or the size of a vector.
 */
export function declareNumbered(cx: Context, own: Names, model: ModelDef): void {
  for (const s of model.body) {
    const targets =
      s.kind === "equation"
        ? s.targets
        : s.kind === "input" || s.kind === "random" || s.kind === "noise"
          ? s.items
          : [];
    for (const { type } of targets) {
      if (type?.kind !== "named") continue;
      const entity = own.find(type.name);
      if (entity?.kind !== "dim") continue;
      const name = dims.nameOf(entity.dim);
      const size = name === null ? undefined : cx.sizes.get(name);
      if (name === null || size === undefined) {
        cx.report(names.derivedType({ place: type.span, name: type.name, declared: entity.place }));
        own.set(type.name, { kind: "wrong", place: entity.place });
      } else if (size > MOST_TOKENS) {
        cx.report(names.tooManyTokens({ place: type.span, name: type.name, size, most: MOST_TOKENS }));
        own.set(type.name, { kind: "wrong", place: entity.place });
      } else if (!cx.vocabs.has(name)) {
        const tokens = Array.from({ length: size }, (_, i) => String(i));
        cx.vocabs.set(name, {
          name,
          tokens,
          max: null,
          min: null,
          special: new Set(),
          place: entity.place,
          isNumbered: true,
        });
        cx.solver.numbered.set(name, size);
      }
    }
  }
}
