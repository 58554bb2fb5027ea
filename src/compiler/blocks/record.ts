/** The type of one data record of a model: its JSON Schema, and a check in the words of the spec. */
import type { ErrorObject } from "ajv";
import type { FieldInfo, Model } from "../model.js";
import type { JsonSchema } from "./schemas.js";
import { lazyValidators } from "./validators.js";

/**
 * The four types of values that fields have. `items` of a list may be lists again, to any depth: how deep and how long is
 * checked where a record is encoded.
 */
const values = {
  token: { type: ["string", "integer"], description: "A token, or its id." },
  tokens: {
    type: ["string", "array"],
    description: "A string of characters or words, or a list of tokens or ids, or a list of such lists.",
    items: { $ref: "#/$defs/item" },
    $defs: { item: { type: ["string", "integer", "array"], items: { $ref: "#/$defs/item" } } },
  },
  number: { type: ["number", "boolean"], description: "A number; true is 1, false is 0." },
  numbers: {
    type: "array",
    description: "Numbers, as nested lists, outermost axis first, or as one flat list.",
    items: { $ref: "#/$defs/item" },
    $defs: { item: { type: ["number", "boolean", "array"], items: { $ref: "#/$defs/item" } } },
  },
} as const satisfies Readonly<Record<string, JsonSchema>>;

function valueType(field: FieldInfo): keyof typeof values {
  const single = field.axes.length + field.shape.length === 0;
  if (field.type.kind === "token") return single ? "token" : "tokens";
  return single ? "number" : "numbers";
}

/** `x[t < T] : [28, 28]`, the random `y : Label`. */
function describe(field: FieldInfo): string {
  const axes = field.axes.length ? `[${field.axes.join(", ")}]` : "";
  const shape = field.labels.length ? `[${field.labels.join(", ")}]` : "number";
  const type = field.type.kind === "token" ? field.type.vocab : shape;
  const role = field.role === "input" ? "Input" : "Random";
  return `${role} ${field.name}${axes} : ${type}.`;
}

/**
 * JSON Schema (draft 2020-12) of a record: one key per input and random. A sequence of tokens is a string of characters or
 * a list of tokens or ids; numbers are nested lists, outermost axis first, or flat ones. `partial`: randoms may be missing.
 */
export function recordSchema(model: Pick<Model, "name" | "fields">, partial = false): JsonSchema {
  const required = model.fields.filter((field) => field.role === "input" || !partial).map((field) => field.name);
  const property = (field: FieldInfo): JsonSchema => ({
    $ref: `urn:recurve:schemas:${valueType(field)}`,
    description: describe(field),
  });
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: `a record of ${model.name}`,
    type: "object",
    properties: Object.fromEntries(model.fields.map((field) => [field.name, property(field)])),
    required,
    $defs: Object.fromEntries(
      [...new Set(model.fields.map(valueType))].map((type) => [
        type,
        { $id: `urn:recurve:schemas:${type}`, ...values[type] },
      ]),
    ),
  };
}

/** What is wrong with a record, one sentence each: "`x[3]` is a number, not "a"". */
export type RecordValidator = (record: unknown) => readonly string[];

const validators = lazyValidators(values);

/** Checks what `recordSchema` says. Lengths and vocabularies are checked where a record is encoded. */
export function recordValidator(model: Pick<Model, "fields">, partial = false): RecordValidator {
  const checks = model.fields.map((field) => ({ field, type: valueType(field) }));
  return (record) => {
    if (typeof record !== "object" || record === null || Array.isArray(record)) {
      return [`a record is an object with the keys ${checks.map(({ field }) => `\`${field.name}\``).join(", ")}`];
    }
    return checks.flatMap(({ field, type }) => {
      const value = Object.hasOwn(record, field.name)
        ? (record as Readonly<Record<string, unknown>>)[field.name]
        : null;
      if (value === undefined || value === null) {
        return partial && field.role === "random" ? [] : [`\`${field.name}\` is missing`];
      }
      const list = type === "tokens" || type === "numbers";
      if (list && ArrayBuffer.isView(value)) return [];
      const validator = validators(type);
      if (validator(value)) return [];
      // A typed array stands for a list of numbers wherever a list may stand; ajv does not know it.
      const error = validator.errors?.find(({ data }) => !list || !ArrayBuffer.isView(data));
      return error ? [sentence(field.name, error)] : [];
    });
  };
}

const nouns: Readonly<Record<string, string>> = {
  string: "a string",
  integer: "an id",
  array: "a list",
  number: "a number",
  boolean: "true or false",
};

function sentence(name: string, error: ErrorObject): string {
  const index = error.instancePath.split("/").slice(1);
  const at = index.length ? `[${index.join(", ")}]` : "";
  const wanted = [(error.params as { type?: string | string[] }).type ?? []].flat().map((type) => nouns[type] ?? type);
  return `\`${name}${at}\` is ${wanted.join(" or ")}, not ${JSON.stringify(error.data)}`;
}
