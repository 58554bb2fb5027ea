/** A spec that is given as JSON, as the tree that its text in the language would have; places lie in the JSON. */
import { lazyValidators } from "../blocks/validators.js";
import { jsonShape, jsonSyntax } from "../diagnostics/json.js";
import { nestingTooDeep, numberTooLarge } from "../diagnostics/syntax.js";
import type { Diagnostic } from "../diagnostics/types.js";
import { quote } from "../diagnostics/words.js";
import type { Expr, Span, SpecFile } from "../syntax/ast.js";
import { type Parsed, parse, parseExpression } from "../syntax/parse.js";
import {
  type DocumentProblem,
  inside,
  type Json,
  type JsonDocument,
  maxDepth,
  placesInText,
  readDocument,
} from "./document.js";
import { shapeMistakes } from "./mistakes.js";
import { specSchema } from "./schema.js";
import { writable } from "./writable.js";

/** Reads a spec in the form that the name of its file says: `.json`, or the language. Never throws. */
export const readSpec = (text: string, path?: string): Parsed =>
  path?.endsWith(".json") ? readJsonSpec(text) : parse(text);

/** Never throws: whatever is wrong is a diagnostic. A statement with a wrong expression is left out, as in a text. */
export function readJsonSpec(text: string): Parsed {
  const none: SpecFile = { items: [] };
  const document = readDocument(text);
  if ("kind" in document) return { file: none, diagnostics: [told(document)] };
  const validate = validators("spec");
  if (!validate(document.value)) return { file: none, diagnostics: shapeMistakes(validate.errors ?? [], document) };
  const reviver = new Reviver(document);
  const file = reviver.value(document.value, "", "") as SpecFile;
  const written = writable(file);
  return { file: written.file, diagnostics: [...reviver.diagnostics, ...written.diagnostics] };
}

const validators = lazyValidators({ spec: specSchema });

function told(problem: DocumentProblem): Diagnostic {
  switch (problem.kind) {
    case "syntax":
      return jsonSyntax(problem);
    case "depth":
      return nestingTooDeep({ span: problem.span, limit: maxDepth });
    case "number":
      return numberTooLarge(problem);
    case "duplicate":
      return jsonShape({
        span: problem.span,
        message: `${quote(problem.key)} stands twice in one object`,
        label: "the second one",
      });
  }
}

/** Keys under which an expression stands, or a list of them. */
const expressions = new Set(
  "value arg left right cond then else parts bound until dist weight max min init in dims".split(" "),
);
/** Keys with a name whose place the tree keeps. */
const placed = new Set("name cell callee op key path topology".split(" "));

/** The tree again: numbers and texts where an expression stands become nodes, what was left out is put back. */
class Reviver {
  readonly diagnostics: Diagnostic[] = [];

  constructor(private readonly document: JsonDocument) {}

  /** `key`: under which it, or the list that it is in, stands. */
  value(x: Json, pointer: string, key: string, isExpr = false): unknown {
    if (isExpr && typeof x === "number") return number(x, this.place(pointer));
    if (isExpr && typeof x === "string") return this.written(x, pointer);
    if (isList(x)) return this.list(x, pointer, key, isExpr);
    return typeof x === "object" && x !== null ? this.node(x, pointer, key) : x;
  }

  private list(items: readonly Json[], pointer: string, key: string, isExpr: boolean): unknown[] {
    return items.flatMap((item, i) => {
      const before = this.diagnostics.length;
      const value = this.value(item, inside(pointer, i), key, isExpr);
      return key === "body" && this.diagnostics.length > before ? [] : [value];
    });
  }

  private node(node: Readonly<Record<string, Json>>, pointer: string, under: string): unknown {
    const { kind } = node;
    // what has one word lies where the word stands
    const span = this.place(
      kind === "name" ? inside(pointer, "name") : kind === "string" ? inside(pointer, "value") : pointer,
    );
    if (kind === "number") return number(node["value"] as number, this.place(inside(pointer, "value")));
    const isExpr = (key: string): boolean =>
      key === "items" ? kind === "list" : kind !== "string" && expressions.has(key);
    const entries = Object.entries(node).flatMap(([key, value]) => {
      const at = inside(pointer, key);
      const entry = [key, this.value(value, at, key, isExpr(key))];
      return placed.has(key) ? [entry, [`${key}Span`, this.place(at)]] : [entry];
    });
    return { ...absent(kind, under), ...Object.fromEntries(entries), span };
  }

  /** An expression in the language; its places are where its letters stand. */
  private written(text: string, pointer: string): Expr {
    const { expr, diagnostics } = parseExpression(text);
    const at = placesInText(this.document, this.place(pointer));
    this.diagnostics.push(...moved(diagnostics, at));
    return expr ? moved(expr, at) : { kind: "number", value: 0, span: this.place(pointer) };
  }

  private place(pointer: string): Span {
    const place = this.document.places.get(pointer);
    if (!place) throw new Error(`there is no place for ${pointer}`);
    return place;
  }
}

const isList = (x: Json): x is readonly Json[] => Array.isArray(x);

const targets = new Set(["target", "targets", "items", "formals", "results"]);

/** What may be left out of a node, where it stands under a key. */
function absent(kind: Json | undefined, under: string): object {
  if (kind === "call") return { binders: [], args: [] };
  if (kind === "instance") return { args: [] };
  if (kind === "use") return { names: [] };
  if (kind === "shape") return { open: false };
  return kind === undefined && targets.has(under) ? { indices: [] } : {};
}

function number(value: number, span: Span): Expr {
  if (value >= 0 && !Object.is(value, -0)) return { kind: "number", value, span };
  return { kind: "unary", op: "-", arg: { kind: "number", value: -value, span }, span };
}

/** The same with all places moved. */
function moved<T>(x: T, at: (offset: number) => number): T {
  if (Array.isArray(x)) return x.map((e) => moved(e, at)) as T;
  if (typeof x !== "object" || x === null) return x;
  const { start, end } = x as Readonly<Record<string, unknown>>;
  if (typeof start === "number" && typeof end === "number") return { ...x, start: at(start), end: at(end) };
  return Object.fromEntries(Object.entries(x).map(([key, value]) => [key, moved(value, at)])) as T;
}
