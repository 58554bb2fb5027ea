/** `train.optimizer` as it is written → which cell, with all of its hyperparameters. The cell itself says what it has. */
import { blockOutOfRange, blockUnknownKey } from "../diagnostics/blocks.js";
import { nearest } from "../diagnostics/nearest.js";
import type { BlockValue } from "../model.js";
import type { Condition, Numbers, OptimizerCell, Optimizers } from "../optimizer/types.js";
import { asCall, type Context, type Json, type JsonObject, named, plain, show, unknownValue } from "./forms.js";
import { comparisons } from "./report.js";

/** Where a spec names none. */
export const standardOptimizer = "adam";

const path = ["optimizer"];

/** `rate`: `train.lr`, which stands for the `lr` of the optimiser. Undefined: a mistake was reported. */
export function normaliseOptimizer(
  ctx: Context,
  optimizers: Optimizers,
  value: BlockValue,
  rate: BlockValue | undefined,
): Json | undefined {
  const call = asCall(value);
  if (!call) return plain(value);
  const found = optimizers.find(call.call);
  if (!found) {
    unknownValue(ctx, path, call.call, optimizers.names);
    return undefined;
  }
  if (found.kind === "unfit") {
    ctx.diagnostics.push(found.refuse(ctx.span(path)));
    return undefined;
  }
  const { cell } = found;
  const args = named(ctx, call, path, Object.keys(cell.numbers));
  if (!args) return undefined;
  const given: JsonObject = Object.fromEntries(Object.entries(args).map(([key, x]) => [key, asNumber(x)]));
  if (rate !== undefined) given["lr"] = asNumber(plain(rate));
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(cell.numbers, key)) continue;
    const known = Object.keys(cell.numbers);
    const where = `\`${[ctx.block, ...path].join(".")}\``;
    ctx.diagnostics.push(
      blockUnknownKey({ span: ctx.span([...path, key]), where, key, known, nearest: nearest(key, known) }),
    );
    delete given[key];
  }
  const { lr, ...options } = { ...cell.numbers, ...given };
  checkConditions(ctx, cell, { lr: lr as Json, ...options });
  return { kind: cell.name, lr: lr as Json, options };
}

/** A hyperparameter that is a choice is 0 or 1. */
const asNumber = (value: Json): Json => (typeof value === "boolean" ? Number(value) : value);

function checkConditions(ctx: Context, cell: OptimizerCell, options: JsonObject): void {
  const numbers = Object.entries(options).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  if (numbers.length < Object.keys(options).length) return; // a wrong type is told by the schema
  for (const condition of cell.conditions) {
    const known: Numbers = Object.fromEntries(numbers);
    if (condition.holds(known)) continue;
    const name = condition.bound?.name ?? condition.names[0];
    const at = name === undefined ? path : [...path, name];
    const found = show(name === undefined ? null : options[name]);
    ctx.diagnostics.push(
      blockOutOfRange({
        span: ctx.span(at),
        what: `\`${[ctx.block, ...at].join(".")}\``,
        limit: limitOf(condition),
        found,
      }),
    );
  }
}

const limitOf = ({ bound, text }: Condition): string =>
  bound ? `${comparisons[bound.op]} ${bound.limit}` : `such that \`${text}\``;
