/** What ajv finds wrong with the shape of a spec, in words. */
import type { ErrorObject } from "ajv";
import { jsonShape } from "../diagnostics/json.js";
import { nearest } from "../diagnostics/nearest.js";
import type { Diagnostic } from "../diagnostics/types.js";
import { listed, quote } from "../diagnostics/words.js";
import type { Span } from "../syntax/ast.js";
import { inside, type JsonDocument } from "./document.js";

/** One for each place, in the order of the text: of several errors of a value the first is the most telling. */
export function shapeMistakes(errors: readonly ErrorObject[], document: JsonDocument): Diagnostic[] {
  const said = new Map<string, Diagnostic>();
  for (const error of errors) {
    if (structural.has(error.keyword)) continue;
    const { at, ...words } = wordsFor(error);
    const span = at ?? { of: "value", pointer: error.instancePath };
    const key = `${span.of} ${span.pointer}`;
    if (said.has(key)) continue;
    said.set(key, jsonShape({ span: placeOf(document, span), ...words }));
  }
  return [...said.values()].sort((a, b) => start(a) - start(b));
}

/** These only say that something inside is wrong. */
const structural = new Set(["if", "oneOf"]);
const start = (d: Diagnostic): number => d.labels[0]?.span.start ?? 0;

interface Target {
  readonly of: "key" | "value";
  readonly pointer: string;
}

function placeOf({ keys, places, text }: JsonDocument, { of, pointer }: Target): Span {
  const place = (of === "key" ? keys : places).get(pointer);
  if (!place) throw new Error(`there is no place for ${pointer}`);
  // an object is marked by its opening brace: its end may be far away
  return /[[{]/.test(text[place.start] ?? "") && of === "value" ? { start: place.start, end: place.start + 1 } : place;
}

interface Words {
  readonly message: string;
  readonly label: string;
  readonly near?: string | undefined;
  readonly at?: Target;
}

function wordsFor({ keyword, params, parentSchema, schema, data, instancePath, message }: ErrorObject): Words {
  const values = params as Readonly<Record<string, unknown>>;
  const what = nodeName(parentSchema as NodeSchema | undefined);
  switch (keyword) {
    case "additionalProperties": {
      const key = String(values["additionalProperty"]);
      const known = Object.keys((parentSchema?.["properties"] ?? {}) as object);
      return {
        message: `${what} has no ${quote(key)}`,
        label: `its keys are ${listed(known)}`,
        near: nearest(key, known),
        at: { of: "key", pointer: inside(instancePath, key) },
      };
    }
    case "required": {
      const key = String(values["missingProperty"]);
      return { message: `${what} lacks ${quote(key)}`, label: `${quote(key)} is missing` };
    }
    case "discriminator": {
      const kind = values["tagValue"];
      if (kind === undefined) return { message: "this lacks `kind`", label: "which node is this?" };
      const known = ((parentSchema?.["oneOf"] ?? []) as readonly { $ref: string }[]).map((s) =>
        s.$ref.replace(/^.*\./, ""),
      );
      return {
        message: typeof kind === "string" ? `there is no ${quote(kind)} here` : "a `kind` is a text",
        label: `the kinds here are ${listed(known)}`,
        near: typeof kind === "string" ? nearest(kind, known) : undefined,
        at: { of: "value", pointer: inside(instancePath, "kind") },
      };
    }
    case "enum": {
      const known = (schema as readonly unknown[]).map(String);
      return {
        message: `${quote(String(data))} cannot stand here`,
        label: `one of ${listed(known)} can`,
        near: nearest(String(data), known),
      };
    }
    case "pattern":
      return {
        message: `${quote(JSON.stringify(data).slice(1, -1))} is no name`,
        label: "a letter or `_`, then letters, digits and `_`",
      };
    case "not":
      return { message: `${quote(String(data))} is a word of the language`, label: "it cannot be a name" };
    case "minItems":
      return { message: `at least ${values["limit"]} must stand here`, label: "too few" };
    case "type": {
      const types = [values["type"]].flat().map(String);
      // what is neither a number nor a text could still be the object of a node
      const expected = types.length > 1 ? [...types, "object"] : types;
      return {
        message: `${article(kindOfData(data))} cannot stand here`,
        label: `expected ${expected.map(article).join(" or ")}`,
      };
    }
    default:
      throw new Error(`no words for ${keyword}: ${message}`);
  }
}

type NodeSchema = {
  readonly properties?: { readonly kind?: { readonly const?: string } };
  readonly description?: string;
};
const kindOf = (schema: NodeSchema | undefined): string | undefined => schema?.properties?.kind?.const;

function nodeName(schema: NodeSchema | undefined): string {
  const kind = kindOf(schema);
  return kind === undefined ? "this" : `${/^[aeiou]/.test(kind) ? "an" : "a"} ${quote(kind)}`;
}

const kindOfData = (data: unknown): string => (data === null ? "null" : Array.isArray(data) ? "array" : typeof data);
const names: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  boolean: "true or false",
  object: "an object",
  array: "a list",
  null: "null",
};
const article = (type: string): string => names[type] ?? type;
