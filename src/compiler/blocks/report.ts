/** What ajv finds wrong with the plain form of a block → diagnostics in the words of the spec. */
import type { ErrorObject } from "ajv";
import {
  blockMissing,
  blockOutOfRange,
  blockUnknownKey,
  blockUnknownValue,
  blockWrongType,
} from "../diagnostics/blocks.js";
import { nearest } from "../diagnostics/nearest.js";
import type { Diagnostic } from "../diagnostics/types.js";
import { type Context, type Path, show } from "./forms.js";
import { decodeMethods } from "./types.js";

/** Steps of the plain form that are not written in a spec. */
const unwritten = new Set(["method", "columns", "options", "source"]);

export const comparisons: Readonly<Record<string, string>> = {
  ">": "greater than",
  ">=": "at least",
  "<": "less than",
  "<=": "at most",
};

const types: Readonly<Record<string, string>> = {
  integer: "a whole number",
  number: "a number",
  string: "a string",
  boolean: "true or false",
  array: "a list",
  object: "a call",
  null: "null",
};

/** `at`: what stands before the paths of the errors (a part of a block that was checked by itself). */
export function report(ctx: Context, error: ErrorObject, at: Path = []): Diagnostic {
  const path = [...at, ...written(error.instancePath)];
  const what = `\`${[ctx.block, ...path].join(".")}\``;
  const span = ctx.span(path);
  const found = show(error.data);
  const params = error.params as Readonly<Record<string, unknown>>;
  switch (error.keyword) {
    case "additionalProperties": {
      const key = String(params["additionalProperty"]);
      const known = Object.keys((error.parentSchema?.["properties"] ?? {}) as object)
        .filter((name) => name !== "kind" && name !== "task")
        .flatMap((name) => (name === "method" ? decodeMethods : [name]));
      const where = path.length ? what : `the block \`${ctx.block}\``;
      return blockUnknownKey({ span: ctx.span([...path, key]), where, key, known, nearest: nearest(key, known) });
    }
    case "required": {
      const key = String(params["missingProperty"]);
      return blockMissing({ span, what: `\`${[ctx.block, ...path, key].join(".")}\`` });
    }
    case "type": {
      const expected = [params["type"]].flat().map((type) => types[String(type)] ?? String(type));
      return blockWrongType({ span, what, expected: expected.join(" or "), found });
    }
    case "minimum":
    case "maximum":
    case "exclusiveMinimum":
    case "exclusiveMaximum": {
      const comparison = String(params["comparison"]);
      return blockOutOfRange({
        span,
        what,
        limit: `${comparisons[comparison] ?? comparison} ${params["limit"]}`,
        found,
      });
    }
    case "enum": {
      const known = (params["allowedValues"] as readonly unknown[]).map(String);
      const near = nearest(String(error.data), known);
      return blockUnknownValue({ span, what, found, known, nearest: near });
    }
    case "minItems":
    case "minLength":
      return blockMissing({ span, what: error.keyword === "minItems" ? `a value in ${what}` : `the text of ${what}` });
    default:
      return blockWrongType({ span, what, expected: "as its schema says", found, help: error.message });
  }
}

function written(instancePath: string): Path {
  return instancePath
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    .filter((step) => !unwritten.has(step));
}
