/** The blocks `train` and `decode` as they are written → the plain forms that `trainSchema` and `decodeSchema` describe. */
import { blockArguments, blockConflict, blockWrongType } from "../diagnostics/blocks.js";
import type { Block, BlockValue } from "../model.js";
import type { Optimizers } from "../optimizer/types.js";
import { asCall, type Context, choice, isCall, type Json, type JsonObject, named, plain, show } from "./forms.js";
import { normaliseOptimizer, standardOptimizer } from "./optimizer.js";
import type { decodeMethods } from "./types.js";

/** Parameters by position. */
const schedules = {
  constant: ["warmup"],
  cosine: ["final", "warmup"],
  linear: ["final", "warmup"],
  exponential: ["decay", "every", "warmup"],
};
const methods: Readonly<Record<(typeof decodeMethods)[number], readonly string[]>> = {
  greedy: [],
  sample: ["temperature", "top_k", "top_p"],
  beam: ["k", "length_penalty"],
  viterbi: [],
};

const isMethod = (key: string): key is keyof typeof methods => Object.hasOwn(methods, key);

/** Passes over the data where a spec says neither `epochs` nor `steps`. */
const standardEpochs = 10;

export function normaliseTrain(ctx: Context, block: Block, optimizers: Optimizers): JsonObject {
  const found: JsonObject = {};
  const set = (key: string, value: Json | undefined) => {
    if (value !== undefined) found[key] = value;
  };
  for (const [key, value] of Object.entries(block)) {
    if (key === "schedule") set(key, choice(ctx, value, [key], schedules));
    else if (key === "truncate") set(key, truncate(ctx, value));
    else if (key === "early_stop") set(key, earlyStop(ctx, value));
    else if (key === "scheduled_sampling") set(key, scheduledSampling(ctx, value));
    else if (key === "memory") set(key, memory(ctx, value));
    else if (key !== "lr" && key !== "optimizer") set(key, plain(value));
  }
  const optimizer = block["optimizer"] ?? standardOptimizer;
  set("optimizer", normaliseOptimizer(ctx, optimizers, optimizer, block["lr"]));
  if (!present(found["epochs"]) && !present(found["steps"])) found["epochs"] = standardEpochs;
  return found;
}

const present = (value: Json | undefined) => value !== undefined && value !== null;

function truncate(ctx: Context, value: BlockValue): Json | undefined {
  if (!isCall(value)) return typeof value === "number" ? { length: value } : plain(value);
  const path = ["truncate"];
  const found = named(ctx, value, path, ["length"], ["carry"]);
  if (found && present(found["reset"]) && found["carry"] !== true) {
    const reason = "has a `reset` without `carry`: every window starts anew anyhow";
    const help = "write `truncate(50, carry, reset = …)`, or leave `reset` out";
    ctx.diagnostics.push(blockArguments({ span: ctx.span([...path, "reset"]), what: "`truncate(…)`", reason, help }));
    return undefined;
  }
  return found;
}

function scheduledSampling(ctx: Context, value: BlockValue): Json | undefined {
  if (!isCall(value)) return typeof value === "number" ? { final: value } : plain(value);
  return named(ctx, value, ["scheduled_sampling"], ["final", "over"]);
}

/** `2 GB` in bytes: a unit is 1000 times the one before it. */
function memory(ctx: Context, value: BlockValue): Json | undefined {
  if (value === null) return null;
  const units = ["B", "KB", "MB", "GB", "TB"];
  const [, amount, unit = ""] =
    (typeof value === "string" && /^(\d+(?:\.\d+)?)\s*([KMGT]?B)$/i.exec(value.trim())) || [];
  if (amount !== undefined) return Number(amount) * 1000 ** units.indexOf(unit.toUpperCase());
  const expected = 'a size with its unit, KB, MB, GB or TB: `memory = "2 GB"`';
  ctx.diagnostics.push(
    blockWrongType({ span: ctx.span(["memory"]), what: "`train.memory`", expected, found: show(value) }),
  );
  return undefined;
}

function earlyStop(ctx: Context, value: BlockValue): Json | undefined {
  if (value === true) return {};
  if (value === false) return null;
  if (!isCall(value)) return typeof value === "number" ? { patience: value } : plain(value);
  return named(ctx, value, ["early_stop"], ["patience"]);
}

export function normaliseDecode(ctx: Context, block: Block): JsonObject {
  const found: JsonObject = {};
  let chosen: string | undefined;
  for (const [key, value] of Object.entries(block)) {
    if (!isMethod(key)) found[key] = plain(value);
    else if (value !== false) {
      if (chosen !== undefined) {
        ctx.diagnostics.push(
          blockConflict({ span: ctx.span([key]), what: key, other: chosen, otherSpan: ctx.span([chosen]) }),
        );
      }
      chosen = key;
      const method = decodeMethod(ctx, key, value);
      if (method) found["method"] = method;
    }
  }
  return found;
}

/** `greedy`, `beam(5)`; from outside a spec also `beam = 5`. */
function decodeMethod(ctx: Context, key: keyof typeof methods, value: BlockValue): Json | undefined {
  const params = methods[key];
  const call =
    value === true
      ? asCall(key)
      : typeof value === "number"
        ? { call: key, args: [value], named: {} }
        : isCall(value)
          ? value
          : undefined;
  if (call) {
    const args = named(ctx, call, [key], params);
    return args && { ...args, kind: key };
  }
  const expected = params.length ? `written \`${key}(${params.map((p) => `${p} = …`).join(", ")})\`` : "written alone";
  ctx.diagnostics.push(
    blockWrongType({ span: ctx.span([key]), what: `\`decode.${key}\``, expected, found: show(value) }),
  );
  return undefined;
}
