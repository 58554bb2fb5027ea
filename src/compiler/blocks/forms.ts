/** Calls as they are written, `beam(5, length_penalty = 0.6)`, into plain objects: `{ k: 5, length_penalty: 0.6 }`. */
import { blockArguments, blockUnknownValue } from "../diagnostics/blocks.js";
import { nearest } from "../diagnostics/nearest.js";
import type { Diagnostic } from "../diagnostics/types.js";
import type { BlockCall, BlockValue } from "../model.js";
import type { Span } from "../syntax/ast.js";

export const blockNames = ["data", "train", "decode"] as const;
export type BlockName = (typeof blockNames)[number];

/** Of a value within a block, as written: `["optimizer", "lr"]`. */
export type Path = readonly string[];

export type SpanOf = (block: BlockName, path: Path) => Span | undefined;

/** Plain JSON that a schema then checks. */
export type Json = number | string | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** What a normaliser of one block works with: where it is, and where mistakes go. */
export interface Context {
  readonly block: BlockName;
  readonly diagnostics: Diagnostic[];
  /** The span of a path, or of the nearest thing around it. */
  span(path: Path): Span | undefined;
}

export function context(block: BlockName, diagnostics: Diagnostic[], spanOf: SpanOf): Context {
  return {
    block,
    diagnostics,
    span(path) {
      for (let length = path.length; length >= 0; length--) {
        const span = spanOf(block, path.slice(0, length));
        if (span) return span;
      }
      return undefined;
    },
  };
}

export function isCall(value: BlockValue | undefined): value is BlockCall {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value as it is written in a spec. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const { call, args, named } = value as Partial<BlockCall>;
    if (call === undefined) return JSON.stringify(value);
    return `${call}(${[...(args ?? []).map(show), ...Object.entries(named ?? {}).map(([k, v]) => `${k} = ${show(v)}`)].join(", ")})`;
  }
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** A value without calls inside; calls stay as objects, which no schema accepts, and are reported there as what they are. */
export function plain(value: BlockValue): Json {
  return value as Json;
}

/**
 * Arguments by name, the positional ones after `params`, in this order. A bare name among `flags` is that flag set:
 * `truncate(50, carry)`. Undefined (and reported) where they do not fit.
 */
export function named(
  ctx: Context,
  call: BlockCall,
  path: Path,
  params: readonly string[],
  flags: readonly string[] = [],
): JsonObject | undefined {
  const found: JsonObject = {};
  const complain = (reason: string) => {
    const help = params.length + flags.length ? `it is written ${signature(call.call, params, flags)}` : undefined;
    ctx.diagnostics.push(blockArguments({ span: ctx.span(path), what: `\`${call.call}(…)\``, reason, help }));
    return undefined;
  };
  let position = 0;
  for (const arg of call.args) {
    if (typeof arg === "string" && flags.includes(arg)) {
      if (arg in found) return complain(`gives \`${arg}\` twice`);
      found[arg] = true;
      continue;
    }
    const param = params[position++];
    if (param === undefined) return complain(`takes ${count(params.length)}, not ${call.args.length}`);
    found[param] = plain(arg);
  }
  for (const [key, value] of Object.entries(call.named)) {
    if (Object.hasOwn(found, key)) return complain(`gives \`${key}\` twice`);
    found[key] = plain(value);
  }
  return found;
}

function count(n: number): string {
  return n === 0 ? "no arguments" : n === 1 ? "one argument without a name" : `at most ${n} arguments without a name`;
}

function signature(name: string, params: readonly string[], flags: readonly string[]): string {
  return `\`${name}(${[...params.map((p) => `${p} = …`), ...flags].join(", ")})\``;
}

/** One of several calls, or its bare name: `adam(lr = 0.1)`, `greedy`. `params`: of each, in order of position. */
export function choice(
  ctx: Context,
  value: BlockValue,
  path: Path,
  params: Readonly<Record<string, readonly string[]>>,
): Json | undefined {
  const call = asCall(value);
  if (!call) return plain(value);
  const known = Object.hasOwn(params, call.call) ? params[call.call] : undefined;
  if (!known) {
    unknownValue(ctx, path, call.call, Object.keys(params));
    return undefined;
  }
  const args = named(ctx, call, path, known);
  return args && { ...args, kind: call.call };
}

/** A call, or a bare name as a call without arguments. */
export function asCall(value: BlockValue): BlockCall | undefined {
  if (typeof value === "string") return { call: value, args: [], named: {} };
  return isCall(value) ? value : undefined;
}

export function unknownValue(ctx: Context, path: Path, found: string, known: readonly string[]): void {
  const what = `\`${[ctx.block, ...path].join(".")}\``;
  ctx.diagnostics.push(
    blockUnknownValue({ span: ctx.span(path), what, found: `\`${found}\``, known, nearest: nearest(found, known) }),
  );
}
