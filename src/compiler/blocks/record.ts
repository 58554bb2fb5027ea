/** The type of one data record of a model: its JSON Schema, and a check in the words of the spec. */
import type { ErrorObject } from "ajv";
import type { FieldInfo, Model } from "../model.js";
import type { JsonSchema } from "./schemas.js";
import { lazyValidators } from "./validators.js";

/**
 * The types of values that fields and structures have. `items` of a list may be lists again, to any depth: how deep and how long is
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
  nodeTokens: {
    type: "array",
    description: "A token, an id or null (none) for each node, or lists of such.",
    items: { $ref: "#/$defs/item" },
    $defs: { item: { type: ["string", "integer", "null", "array"], items: { $ref: "#/$defs/item" } } },
  },
  tree: { type: "array", description: "The parent of each node, -1 for the root.", items: { type: "integer" } },
  graph: {
    type: ["array", "object"],
    description: "Edges [from, to], or { nodes, edges }: from is a predecessor of to.",
    items: { type: "array", items: { type: "integer" } },
    properties: {
      nodes: { type: "integer" },
      edges: { type: "array", items: { type: "array", items: { type: "integer" } } },
    },
    required: ["edges"],
  },
  position: { type: "integer", minimum: 0, description: "A position on an axis, from 0." },
  positions: {
    type: "array",
    description: "Positions on an axis, from 0, as nested lists or as one flat list.",
    items: { $ref: "#/$defs/item" },
    $defs: { item: { type: ["integer", "array"], minimum: 0, items: { $ref: "#/$defs/item" } } },
  },
  number: { type: ["number", "boolean"], description: "A number; true is 1, false is 0." },
  numbers: {
    type: "array",
    description: "Numbers, as nested lists, outermost axis first, or as one flat list.",
    items: { $ref: "#/$defs/item" },
    $defs: { item: { type: ["number", "boolean", "array"], items: { $ref: "#/$defs/item" } } },
  },
} as const satisfies Readonly<Record<string, JsonSchema>>;

type ModelShape = Pick<Model, "fields"> & Partial<Pick<Model, "structures">>;

function valueType(model: ModelShape, field: FieldInfo): keyof typeof values {
  const single = field.axes.length + field.shape.length === 0;
  const ofNodes = model.structures?.some(({ name }) => field.axes.includes(name));
  if (ofNodes && field.role === "input" && field.type.kind === "token") return "nodeTokens";
  if (field.type.kind === "token") return single ? "token" : "tokens";
  if (field.type.kind === "position") return single ? "position" : "positions";
  return single ? "number" : "numbers";
}

/** `x[t < T] : [28, 28]`, the random `y : Label`. */
function describe(field: FieldInfo): string {
  const axes = field.axes.length ? `[${field.axes.join(", ")}]` : "";
  const shape = field.whole ?? (field.labels.length ? `[${field.labels.join(", ")}]` : "number");
  const type =
    field.type.kind === "token" ? field.type.vocab : field.type.kind === "position" ? field.type.axis : shape;
  const role = field.role === "input" ? "Input" : "Random";
  return `${role} ${field.name}${axes} : ${type}.`;
}

/**
 * JSON Schema (draft 2020-12) of a record: one key per input and random. A sequence of tokens is a string of characters or
 * a list of tokens or ids; numbers are nested lists, outermost axis first, or flat ones. `partial`: randoms may be missing.
 */
export function recordSchema(model: ModelShape & Pick<Model, "name">, partial = false): JsonSchema {
  const { fields, structures = [] } = model;
  const needed = fields.filter((field) => field.role === "input" || !partial).map((field) => field.name);
  const properties = [
    ...fields.map((field) => [field.name, valueType(model, field), describe(field)] as const),
    ...structures.map(({ name, kind }) => [name, kind, `The ${kind} ${name}.`] as const),
  ];
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: `a record of ${model.name}`,
    type: "object",
    properties: Object.fromEntries(
      properties.map(([name, type, description]) => [name, { $ref: `urn:recurve:schemas:${type}`, description }]),
    ),
    required: [...needed, ...structures.map(({ name }) => name)],
    $defs: Object.fromEntries(
      [...new Set(properties.map(([, type]) => type))].map((type) => [
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
export function recordValidator(model: ModelShape, partial = false): RecordValidator {
  const checks: { field: Pick<FieldInfo, "name" | "role">; type: keyof typeof values }[] = [
    ...model.fields.map((field) => ({ field, type: valueType(model, field) })),
    ...(model.structures ?? []).map(({ name, kind }) => ({ field: { name, role: "input" as const }, type: kind })),
  ];
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
      const list = type !== "token" && type !== "number" && type !== "position";
      if (list && ArrayBuffer.isView(value)) return [];
      const validator = validators(type);
      if (validator(value)) return [];
      // A typed array stands for a list of numbers wherever a list may stand; ajv does not know it.
      const error = validator.errors?.find(({ data }) => !list || !ArrayBuffer.isView(data));
      return error ? [sentence(field.name, error, type)] : [];
    });
  };
}

const nouns: Readonly<Record<string, string>> = {
  string: "a string",
  integer: "an id",
  array: "a list",
  object: "an object",
  null: "null",
  number: "a number",
  boolean: "true or false",
};

function sentence(name: string, error: ErrorObject, type: keyof typeof values): string {
  const index = error.instancePath.split("/").slice(1);
  const at = index.length ? `[${index.join(", ")}]` : "";
  if (type === "position" || type === "positions")
    return `\`${name}${at}\` is a position on an axis, an integer from 0, not ${JSON.stringify(error.data)}`;
  const wanted = [(error.params as { type?: string | string[] }).type ?? []].flat().map((type) => nouns[type] ?? type);
  return `\`${name}${at}\` is ${wanted.join(" or ")}, not ${JSON.stringify(error.data)}`;
}
