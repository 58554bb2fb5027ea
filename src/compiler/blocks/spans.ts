/** Where the values of a block are written. */
import type { BlockEntry, Expr, ModelDef, Span } from "../syntax/ast.js";
import type { Path, SpanOf } from "./forms.js";

/** Of the blocks of one model. What was set from outside is written nowhere. */
export function blockSpans(model: ModelDef): SpanOf {
  return (name, path) => {
    const block = model.body.find((statement) => statement.kind === "block" && statement.name === name);
    if (block?.kind !== "block") return path.length === 0 ? model.nameSpan : undefined;
    const [key, ...rest] = path;
    if (key === undefined) return block.nameSpan;
    const entry = block.entries.find((candidate) => keyOf(candidate) === key);
    if (!entry) return undefined;
    return rest.length === 0 ? entry.span : within(entry.value, rest);
  };
}

/** A bare value is its own key: `greedy`, `beam(5)`. */
function keyOf({ key, value }: BlockEntry): string | undefined {
  if (key !== undefined) return key;
  return value.kind === "call" ? value.callee : value.kind === "name" ? value.name : undefined;
}

/** Named arguments by their name, all other parts by their position. */
function within(value: Expr, [step, ...rest]: Path): Span | undefined {
  if (step === undefined) return value.span;
  if (value.kind === "list") return inside(value.items[Number(step)], rest);
  if (value.kind !== "call") return undefined;
  return inside((value.args.find(({ name }) => name === step) ?? value.args[Number(step)])?.value, rest);
}

const inside = (value: Expr | undefined, path: Path): Span | undefined => (value ? within(value, path) : undefined);
