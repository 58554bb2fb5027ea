/** `data`, `train` and `decode` as JSON, with what is set from outside put in. What the keys mean is validated elsewhere. */
import { type BlockName, blockNames, isCall } from "../blocks/forms.js";
import { standardOptimizer } from "../blocks/optimizer.js";
import { decodeMethods } from "../blocks/types.js";
import * as names from "../diagnostics/check-names.js";
import { nearest } from "../diagnostics/nearest.js";
import type { Block, BlockCall, BlockValue, Model } from "../model.js";
import type { Optimizers } from "../optimizer/types.js";
import type { Expr, ModelDef, Statement } from "../syntax/ast.js";
import { parseExpression } from "../syntax/parse.js";
import { printExpr } from "../syntax/print.js";
import { numberOf } from "./constants.js";
import type { Context } from "./context.js";
import type { Names } from "./entities.js";
import type { Overrides } from "./overrides.js";

type BlockStatement = Extract<Statement, { kind: "block" }>;

export function readBlocks(
  cx: Context,
  model: ModelDef,
  own: Names,
  overrides: Overrides,
  optimizers: Optimizers,
): Model["blocks"] {
  const blocks: Partial<Record<BlockName, Block>> = {};
  for (const s of model.body) {
    if (s.kind !== "block") continue;
    const name = blockNames.find((b) => b === s.name);
    if (!name) cx.report(names.unknownBlock({ place: s.nameSpan, name: s.name, near: nearest(s.name, blockNames) }));
    else if (blocks[name]) cx.report(names.duplicateName({ place: s.nameSpan, name, first: firstOf(model, name) }));
    else blocks[name] = readBlock(cx, s, own);
  }
  for (const name of blockNames)
    for (const [path, value] of overrides.inBlock(name))
      blocks[name] = withSetting(
        blocks[name] ?? {},
        path,
        asWritten(cx, value, own, name),
        name === "train" ? optimizers : null,
      );
  return blocks;
}

/** A text from outside that is a call, as one would write it in the block: `cosine(final = 0.1)`. */
function asWritten(cx: Context, value: BlockValue, own: Names, block: BlockName): BlockValue {
  if (typeof value !== "string" || !/^\p{L}\w*\(.*\)$/su.test(value)) return value;
  const { expr, diagnostics } = parseExpression(value);
  return expr?.kind === "call" && !diagnostics.length ? blockValue(cx, expr, own, block === "data") : value;
}

const firstOf = (model: ModelDef, name: string) =>
  (model.body.find((s) => s.kind === "block" && s.name === name) as BlockStatement).nameSpan;

function readBlock(cx: Context, s: BlockStatement, own: Names): Block {
  const out: Record<string, BlockValue> = {};
  for (const e of s.entries) {
    const { value } = e;
    const bare = value.kind === "name" ? value.name : value.kind === "call" ? value.callee : null;
    const key = e.key ?? bare;
    if (key === null) {
      cx.report(names.badBlockValue({ place: e.span, message: `\`${printExpr(value)}\` has no key` }));
      continue;
    }
    if (Object.hasOwn(out, key)) cx.report(names.duplicateKey({ place: e.keySpan ?? e.span, key, block: s.name }));
    out[key] = e.key === undefined && value.kind === "name" ? true : blockValue(cx, value, own, s.name === "data");
  }
  return out;
}

/** Names are hyperparameters and dims where there are such, else words; in `data` they are columns. */
function blockValue(cx: Context, e: Expr, own: Names, columns: boolean): BlockValue {
  switch (e.kind) {
    case "number":
      return e.value;
    case "string":
      return e.value;
    case "name": {
      if (e.name === "true" || e.name === "false") return e.name === "true";
      if (e.name === "none") return null;
      return (columns ? null : numberOf(cx, e, own)) ?? e.name;
    }
    case "list":
      return e.items.map((x) => blockValue(cx, x, own, columns));
    case "call": {
      const args = e.args.filter((a) => a.name === undefined).map((a) => blockValue(cx, a.value, own, columns));
      // an option is no column: `count = N` is the number
      const named = e.args.flatMap((a) =>
        a.name === undefined
          ? []
          : [
              [
                a.name,
                blockValue(cx, a.value, own, columns && a.value.kind === "name" && numberOf(cx, a.value, own) === null),
              ] as const,
            ],
      );
      return { call: e.callee, args, named: Object.fromEntries(named) };
    }
    default: {
      const n = numberOf(cx, e, own);
      if (n !== null) return n;
      cx.report(names.badBlockValue({ place: e.span, message: `\`${printExpr(e)}\` is no value of a block` }));
      return null;
    }
  }
}

/** An optimiser's arguments by their names, so that one from outside takes the place of one in the spec. */
function byName(call: BlockCall, key: string, optimizers: Optimizers | null): BlockCall {
  const found = key === "optimizer" ? optimizers?.find(call.call) : null;
  if (found?.kind !== "optimizer") return call;
  const names = Object.keys(found.cell.numbers);
  const named = call.args.slice(0, names.length).map((x, i) => [names[i] as string, x] as const);
  if (named.some(([name]) => Object.hasOwn(call.named, name))) return call; // twice, which is a mistake of the spec
  return { ...call, args: call.args.slice(names.length), named: { ...Object.fromEntries(named), ...call.named } };
}

/** Of any of the optimisers: which of them is meant, the block itself says. */
const isHyperparameter = (optimizers: Optimizers, key: string): boolean =>
  optimizers.names.some((name) => {
    const found = optimizers.find(name);
    return found?.kind === "optimizer" && Object.hasOwn(found.cell.numbers, key);
  });

const isMethod = (key: string): boolean => decodeMethods.some((method) => method === key);

/**
 * `train.batch`, `train.optimizer.lr`, and for short `train.lr`: a key that the block lacks, and one of its calls has,
 * is an argument of that call.
 */
function withSetting(block: Block, path: readonly string[], value: BlockValue, optimizers: Optimizers | null): Block {
  const [key, ...rest] = path as [string, ...string[]];
  const current = block[key];
  if (rest.length) {
    const call: BlockCall = isCall(current)
      ? byName(current, key, optimizers)
      : { call: typeof current === "string" ? current : key, args: [], named: {} };
    return { ...block, [key]: { ...call, named: { ...call.named, [rest.join(".")]: value } } };
  }
  if (isMethod(key)) {
    const others = Object.entries(block).filter(([k]) => !isMethod(k)); // setting one replaces another
    const method: BlockValue = typeof value === "number" ? { call: key, args: [value], named: {} } : value;
    return { ...Object.fromEntries(others), [key]: method };
  }
  if (!Object.hasOwn(block, key)) {
    const holder = Object.entries(block).find(([, v]) => isCall(v) && Object.hasOwn(v.named, key))?.[0];
    const inside = holder ?? (optimizers && isHyperparameter(optimizers, key) ? "optimizer" : undefined);
    if (inside !== undefined) {
      const complete = inside in block ? block : { ...block, [inside]: standardOptimizer };
      return withSetting(complete, [inside, key], value, optimizers);
    }
  }
  if (key === "truncate" && typeof value === "number") {
    const call: BlockCall = isCall(current) ? current : { call: key, args: [], named: {} };
    const flags = call.args.filter((a) => typeof a === "string");
    const named = Object.fromEntries(Object.entries(call.named).filter(([name]) => name !== "length"));
    return { ...block, [key]: { call: key, args: [value, ...flags], named } };
  }
  return { ...block, [key]: value };
}
