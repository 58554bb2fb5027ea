/**
 * The JSON form of a spec, as a JSON Schema (draft 2020-12): the syntax tree without places. Published as
 * `specs/schema/spec.schema.json`. An expression is a node, a number, or a text in the language.
 */
import { DeclarationKeyword, ExpressionKeyword, namePattern, vocabulary } from "../../../grammar/tokens.js";

type JsonSchema = { readonly [keyword: string]: unknown };

const text: JsonSchema = { type: "string" };
const ref = (name: string): JsonSchema => ({ $ref: `#/$defs/${name}` });
const list = (items: JsonSchema, least = 0): JsonSchema => ({
  type: "array",
  items,
  ...(least > 0 ? { minItems: least } : {}),
});
const expr = ref("expr");
const type = ref("type");
const name = ref("name");
const word = ref("word");

const keywords = vocabulary.flatMap(({ PATTERN, CATEGORIES = [] }) =>
  [DeclarationKeyword, ExpressionKeyword].some((k) => CATEGORIES.includes(k)) && typeof PATTERN === "string"
    ? [PATTERN]
    : [],
);

/** An object with exactly these keys; those that end in `?` may be left out. */
function object(keys: Readonly<Record<string, JsonSchema>>, description?: string): JsonSchema {
  const names = Object.keys(keys);
  return {
    type: "object",
    ...(description ? { description } : {}),
    properties: Object.fromEntries(names.map((n) => [n.replace("?", ""), keys[n]])),
    required: names.filter((n) => !n.endsWith("?")),
    additionalProperties: false,
  };
}

/** A node of the tree, by its kind. */
type Node = readonly [kind: string, schema: JsonSchema];
const node = (kind: string, keys: Readonly<Record<string, JsonSchema>>, description: string): Node => [
  kind,
  object({ kind: { const: kind }, ...keys }, description),
];
/** Each kind is a definition of its own: the validator of one recurses with little on the stack. */
const definitions = (family: string, nodes: readonly Node[]): Record<string, JsonSchema> =>
  Object.fromEntries(nodes.map(([kind, schema]) => [`${family}.${kind}`, schema]));

const target = { name, "indices?": list(ref("index")), "type?": type };
const kinds = (family: string, nodes: readonly Node[]): JsonSchema => ({
  type: "object",
  required: ["kind"],
  discriminator: { propertyName: "kind" },
  oneOf: nodes.map(([kind]) => ref(`${family}.${kind}`)),
});

const operators = ["+", "-", "*", "/", "@", "^", "div", "mod", "==", "!=", "<", "<=", ">", ">=", "and", "or"];

const expressions: readonly Node[] = [
  node("number", { value: { type: "number" } }, "0.5; a bare number says the same."),
  node("string", { value: text }, 'A token: "h".'),
  node("name", { name: word }, "A name."),
  node("index", { name: word, indices: list(ref("index"), 1) }, "h[t-1]"),
  node("call", { callee: word, "binders?": list(ref("index")), "args?": list(ref("arg")) }, "tanh(x), sum[s](e[s])"),
  node("unary", { op: { enum: ["-", "not"] }, arg: expr }, "-x"),
  node("transpose", { arg: expr }, "W'"),
  node("binary", { op: { enum: operators }, left: expr, right: expr }, "a + b"),
  node("if", { cond: expr, then: expr, else: expr }, "if a then b else c"),
  node("concat", { parts: list(expr, 2) }, "[a; b]"),
  node("list", { items: list(expr) }, "[a, b]"),
];

const statements: readonly Node[] = [
  node("dim", { name, value: expr }, "dim H = 128"),
  node("vocab", { name, "tokens?": list(text), "max?": expr, "min?": expr }, "vocab Char"),
  node("axis", { name, bound: expr, "until?": expr }, "axis t < T"),
  node("nodes", { structure: { enum: ["tree", "graph"] }, name }, "tree n"),
  node("input", { items: list(ref("target"), 1) }, "input x[t] : [28]"),
  node("random", { items: list(ref("target"), 1) }, "random y[t] : Char"),
  node("noise", { items: list(ref("target"), 1), dist: expr }, "noise e[t] : [Z] ~ normal(0, 1)"),
  node("param", { frozen: { type: "boolean" }, items: list(ref("param"), 1) }, "param W : [H, E] ~ orthogonal"),
  node("instance", { target: ref("target"), cell: name, "args?": list(ref("arg")) }, "cell enc = LSTM(H = 256)"),
  node(
    "cell",
    { name, formals: list(ref("target")), results: list(ref("target"), 1), body: list(ref("statement")) },
    "cell F(x : [X]) -> y : [X] { … }",
  ),
  node("use", { path: text, isFile: { type: "boolean" }, "names?": list(object({ name })) }, "use std.cells (LSTM)"),
  node("equation", { targets: list(ref("target"), 1), value: expr }, "h[t] = …, h[-1] = 0"),
  node("sample", { target: ref("target"), dist: expr, "weight?": expr }, "y[t] ~ categorical(z[t])"),
  node("loss", { value: expr }, "loss sum(W^2)"),
  node("metric", { name, value: expr }, "metric error = …"),
  node("require", { value: expr }, "require E == H"),
  node("block", { name, entries: list(object({ "key?": word, value: expr })) }, "train { steps = 100 }"),
];

const types: readonly Node[] = [
  node("shape", { dims: list(expr), "open?": { type: "boolean" } }, "[H, 4*E], [..]"),
  node("named", { name }, "Char"),
];

/** Cells and imports may stand beside models. */
const beside = statements.filter(([kind]) => kind === "cell" || kind === "use");
const model = node("model", { name, "topology?": ref("topology"), body: list(ref("statement")) }, "model m { … }");

export const specSchema: JsonSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  $id: "urn:recurve:schemas:spec",
  title: "A Recurve spec",
  description: "Models, cells and imports, as `recurve compile SPEC --emit json` prints them.",
  ...object({
    "$schema?": text,
    items: list(kinds("statement", [model, ...beside])),
  }),
  $defs: {
    name: { ...words("A name of the language."), not: { enum: keywords } },
    word: words("A name or a keyword."),
    topology: { type: "string", pattern: `^${namePattern.source}(-${namePattern.source})*$` },
    expr: {
      description: 'A number, a text in the language such as "Why @ h[t] + by", or a node.',
      if: { type: "object" },
      then: kinds("expr", expressions),
      else: { type: ["number", "string"] },
    },
    index: object({ value: expr, "in?": expr }, "t-1; k in kids(n)"),
    arg: object({ "name?": word, value: expr }, "p = 0.5"),
    type: kinds("type", types),
    target: object(target, "h[t] : [H]"),
    param: object({ ...target, "init?": expr, "value?": expr }, "W : [H, E] ~ orthogonal"),
    statement: kinds("statement", statements),
    ...definitions("expr", expressions),
    ...definitions("type", types),
    ...definitions("statement", [model, ...statements]),
  },
};

function words(description: string): JsonSchema {
  return { type: "string", description, pattern: `^${namePattern.source}$` };
}
