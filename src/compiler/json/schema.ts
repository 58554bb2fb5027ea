/**
 * The JSON form of a spec, as a JSON Schema (draft 2020-12): the syntax tree without places. Published as
 * `specs/schema/spec.schema.json`. An expression is a node, a number, or a text in the language.
 */
type JsonSchema = { readonly [keyword: string]: unknown };

const text: JsonSchema = { type: "string" };
const ref = (name: string): JsonSchema => ({ $ref: `#/$defs/${name}` });
const list = (items: JsonSchema): JsonSchema => ({ type: "array", items });
const expr = ref("expr");
const type = ref("type");

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

const node = (kind: string, keys: Readonly<Record<string, JsonSchema>>, description: string): JsonSchema =>
  object({ kind: { const: kind }, ...keys }, description);

const target = { name: text, "indices?": list(ref("index")), "type?": type };
const kinds = (nodes: readonly JsonSchema[]): JsonSchema => ({
  type: "object",
  required: ["kind"],
  discriminator: { propertyName: "kind" },
  oneOf: nodes,
});

const operators = ["+", "-", "*", "/", "@", "^", "div", "mod", "==", "!=", "<", "<=", ">", ">=", "and", "or"];

const expressions: readonly JsonSchema[] = [
  node("string", { value: text }, 'A token: "h".'),
  node("name", { name: text }, "A name."),
  node("index", { name: text, indices: list(ref("index")) }, "h[t-1]"),
  node("call", { callee: text, "binders?": list(ref("index")), "args?": list(ref("arg")) }, "tanh(x), sum[s](e[s])"),
  node("unary", { op: { enum: ["-", "not"] }, arg: expr }, "-x"),
  node("transpose", { arg: expr }, "W'"),
  node("binary", { op: { enum: operators }, left: expr, right: expr }, "a + b"),
  node("if", { cond: expr, then: expr, else: expr }, "if a then b else c"),
  node("concat", { parts: list(expr) }, "[a; b]"),
  node("list", { items: list(expr) }, "[a, b]"),
];

const statements: readonly JsonSchema[] = [
  node("dim", { name: text, value: expr }, "dim H = 128"),
  node("vocab", { name: text, "tokens?": list(text), "max?": expr, "min?": expr }, "vocab Char"),
  node("axis", { name: text, bound: expr, "until?": expr }, "axis t < T"),
  node("nodes", { structure: { enum: ["tree", "graph"] }, name: text }, "tree n"),
  node("input", { items: list(ref("target")) }, "input x[t] : [28]"),
  node("random", { items: list(ref("target")) }, "random y[t] : Char"),
  node("noise", { items: list(ref("target")), dist: expr }, "noise e[t] : [Z] ~ normal(0, 1)"),
  node("param", { frozen: { type: "boolean" }, items: list(ref("param")) }, "param W : [H, E] ~ orthogonal"),
  node("instance", { target: ref("target"), cell: text, "args?": list(ref("arg")) }, "cell enc = LSTM(H = 256)"),
  node(
    "cell",
    { name: text, formals: list(ref("target")), results: list(ref("target")), body: list(ref("statement")) },
    "cell F(x : [X]) -> y : [X] { … }",
  ),
  node(
    "use",
    { path: text, isFile: { type: "boolean" }, "names?": list(object({ name: text })) },
    "use std.cells (LSTM)",
  ),
  node("equation", { targets: list(ref("target")), value: expr }, "h[t] = …, h[-1] = 0"),
  node("sample", { target: ref("target"), dist: expr, "weight?": expr }, "y[t] ~ categorical(z[t])"),
  node("loss", { value: expr }, "loss sum(W^2)"),
  node("metric", { name: text, value: expr }, "metric error = …"),
  node("require", { value: expr }, "require E == H"),
  node("block", { name: text, entries: list(object({ "key?": text, value: expr })) }, "train { steps = 100 }"),
];

export const specSchema: JsonSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  $id: "urn:recurve:schemas:spec",
  title: "A Recurve spec",
  description: "Models, cells and imports, as `recurve compile SPEC --emit json` prints them.",
  ...object({
    "$schema?": text,
    items: list(
      kinds([
        node("model", { name: text, "topology?": text, body: list(ref("statement")) }, "model m { … }"),
        ...statements.filter(isTop),
      ]),
    ),
  }),
  $defs: {
    expr: {
      description: 'A number, a text in the language such as "Why @ h[t] + by", or a node.',
      if: { type: "object" },
      then: kinds(expressions),
      else: { type: ["number", "string"] },
    },
    index: object({ value: expr, "in?": expr }, "t-1; k in kids(n)"),
    arg: object({ "name?": text, value: expr }, "p = 0.5"),
    type: kinds([
      node("shape", { dims: list(expr), "open?": { type: "boolean" } }, "[H, 4*E], [..]"),
      node("named", { name: text }, "Char"),
    ]),
    target: object(target, "h[t] : [H]"),
    param: object({ ...target, "init?": expr, "value?": expr }, "W : [H, E] ~ orthogonal"),
    statement: kinds(statements),
  },
};

/** Cells and imports may stand beside models. */
function isTop(statement: JsonSchema): boolean {
  const { kind } = statement["properties"] as { readonly kind: { readonly const: string } };
  return kind.const === "cell" || kind.const === "use";
}
