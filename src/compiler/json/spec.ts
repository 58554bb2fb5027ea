/** A spec as JSON and back: the syntax tree without places. The text that comes out is what the formatter writes. */
import type { ErrorObject } from "ajv";
import { lazyValidators } from "../blocks/validators.js";
import { jsonExpression, jsonShape, jsonSyntax } from "../diagnostics/json.js";
import { nearest } from "../diagnostics/nearest.js";
import type { Diagnostic } from "../diagnostics/types.js";
import type { Expr, SpecFile } from "../syntax/ast.js";
import { parseExpression } from "../syntax/parse.js";
import { printFile } from "../syntax/print.js";
import { specSchema } from "./schema.js";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The tree of a file, for `--emit json`. */
export function specToJson(file: SpecFile): Json {
  const strip = (x: unknown): Json => {
    if (Array.isArray(x)) return x.map(strip);
    if (typeof x !== "object" || x === null) return x as Json;
    const node = x as Readonly<Record<string, unknown>>;
    if (node["kind"] === "number" && Number.isFinite(node["value"])) return node["value"] as number;
    return Object.fromEntries(
      Object.entries(node).flatMap(([key, value]) =>
        value === undefined || /(^s|S)pan$/.test(key) || isDefault(key, value) ? [] : [[key, strip(value)]],
      ),
    );
  };
  return strip(file);
}

/** What may be left out is. */
const isDefault = (key: string, value: unknown): boolean =>
  (["indices", "binders", "args", "names"].includes(key) && Array.isArray(value) && !value.length) ||
  (key === "open" && value === false);

export interface FromJson {
  /** The spec in the language; empty where it is none. */
  readonly source: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** The text of a spec that is given as JSON. */
export function specFromJson(text: string): FromJson {
  let json: Json;
  try {
    json = JSON.parse(text) as Json;
  } catch (e) {
    return { source: "", diagnostics: [jsonSyntax({ reason: (e as Error).message })] };
  }
  const validate = validators("spec");
  if (!validate(json)) return { source: "", diagnostics: told(validate.errors ?? []) };
  const diagnostics: Diagnostic[] = [];
  const file = revive(json, "", diagnostics) as SpecFile;
  return { source: diagnostics.length ? "" : printFile(file), diagnostics };
}

const validators = lazyValidators({ spec: specSchema });

/** The deepest errors say most; one for each place. */
function told(errors: readonly ErrorObject[]): Diagnostic[] {
  const said = new Map<string, Diagnostic>();
  const telling = errors.filter((e) => !["if", "oneOf"].includes(e.keyword));
  for (const e of telling) {
    const params = e.params as Readonly<Record<string, unknown>>;
    const key = params["additionalProperty"];
    const known = Object.keys((e.parentSchema?.["properties"] ?? {}) as object);
    const reason =
      e.keyword === "additionalProperties"
        ? `has no \`${key}\``
        : e.keyword === "required"
          ? `lacks \`${params["missingProperty"]}\``
          : e.keyword === "discriminator"
            ? `is of no known kind: ${JSON.stringify(params["tagValue"])}`
            : (e.message ?? "is wrong");
    const near = typeof key === "string" ? nearest(key, known) : undefined;
    const path = e.instancePath || "/";
    if (!said.has(path)) said.set(path, jsonShape({ path, reason, near }));
  }
  return [...said.values()];
}

const nowhere = { start: 0, end: 0 };
/** Keys under which an expression stands. */
const expressions = new Set(
  "value arg left right cond then else parts bound until dist weight max min init in dims".split(" "),
);

/** The tree again: numbers and texts where an expression stands become nodes, what was left out is put back. */
function revive(x: Json, path: string, diagnostics: Diagnostic[], isExpr = false): unknown {
  if (isExpr && typeof x === "number") return numberNode(x);
  if (isExpr && typeof x === "string") return written(x, path, diagnostics);
  if (Array.isArray(x)) return x.map((e: Json, i) => revive(e, `${path}/${i}`, diagnostics, isExpr));
  if (typeof x !== "object" || x === null) return x;
  const node = x as Readonly<Record<string, Json>>;
  const isInside = (key: string): boolean =>
    (expressions.has(key) && !(node["kind"] === "string" && key === "value")) ||
    (key === "items" && node["kind"] === "list");
  const entries = Object.entries(node).map(([key, value]) => [
    key,
    revive(value, `${path}/${key}`, diagnostics, isInside(key)),
  ]);
  return { ...defaults(node), ...Object.fromEntries(entries), span: nowhere, nameSpan: nowhere };
}

function defaults({ kind, name, dims }: Readonly<Record<string, Json>>): object {
  if (kind === "call") return { binders: [], args: [] };
  if (kind === "instance") return { args: [] };
  if (kind === "use") return { names: [] };
  if (dims !== undefined) return { open: false };
  return kind === undefined && name !== undefined ? { indices: [] } : {};
}

function numberNode(value: number): Expr {
  const span = nowhere;
  if (value >= 0 && !Object.is(value, -0)) return { kind: "number", value, span };
  return { kind: "unary", op: "-", arg: { kind: "number", value: -value, span }, span };
}

function written(text: string, path: string, diagnostics: Diagnostic[]): Expr {
  const { expr, diagnostics: found } = parseExpression(text);
  const [first] = found;
  if (first) diagnostics.push(jsonExpression({ path, text, reason: first.message }));
  return expr ?? { kind: "number", value: 0, span: nowhere };
}
