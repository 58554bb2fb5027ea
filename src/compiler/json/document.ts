/** A JSON text (RFC 8259) with the place of everything in it, so that what is wrong with a value can be pointed at. */
import type { Span } from "../syntax/ast.js";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface JsonDocument {
  readonly text: string;
  readonly value: Json;
  /** Where each value stands, by its JSON Pointer (RFC 6901, "" is the whole); the quotes of a text are no part of it. */
  readonly places: ReadonlyMap<string, Span>;
  /** Where the key of each member stands, by the pointer of its value. */
  readonly keys: ReadonlyMap<string, Span>;
}

export type DocumentProblem =
  | { readonly kind: "syntax"; readonly reason: string; readonly span: Span }
  | { readonly kind: "depth"; readonly span: Span }
  | { readonly kind: "number"; readonly span: Span; readonly text: string }
  | { readonly kind: "duplicate"; readonly span: Span; readonly key: string };

/** How deep values may nest: more than any tree that the parser builds needs, and few enough for those who recurse. */
export const maxDepth = 1000;

/** The values of a text, or the first thing that is wrong with it. Never throws. */
export function readDocument(text: string): JsonDocument | DocumentProblem {
  try {
    return new JsonReader(text).read();
  } catch (e) {
    if (e instanceof Stop) return e.problem;
    throw e;
  }
}

/** The pointer of a member or an element. */
export const inside = (pointer: string, key: string | number): string =>
  `${pointer}/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;

class Stop extends Error {
  constructor(readonly problem: DocumentProblem) {
    super(problem.kind);
  }
}

const blank = /[ \t\n\r]*/y;
const numeral = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const literal = /true|false|null/y;
/** A text; control characters must be escaped. */
const quoted = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const literals: Readonly<Record<string, Json>> = { true: true, false: false, null: null };

class JsonReader {
  private at = 0;
  private readonly places = new Map<string, Span>();
  private readonly keys = new Map<string, Span>();

  constructor(private readonly text: string) {}

  read(): JsonDocument {
    const value = this.value("", 0);
    this.match(blank);
    if (this.at < this.text.length) this.fail("nothing may stand behind the end of the value");
    return { text: this.text, value, places: this.places, keys: this.keys };
  }

  private value(pointer: string, depth: number): Json {
    this.match(blank);
    const start = this.at;
    const next = this.text[start];
    if (depth > maxDepth) throw new Stop({ kind: "depth", span: { start, end: start + 1 } });
    const value =
      next === "{" ? this.object(pointer, depth) : next === "[" ? this.array(pointer, depth) : this.scalar(next);
    const quote = typeof value === "string" ? 1 : 0;
    this.places.set(pointer, { start: start + quote, end: this.at - quote });
    return value;
  }

  private object(pointer: string, depth: number): Json {
    const members = new Map<string, Json>();
    this.list("}", () => {
      this.match(blank);
      const start = this.at;
      if (this.text[start] !== '"') this.fail("a key in double quotes should stand here");
      const key = this.string();
      const span = { start: start + 1, end: this.at - 1 };
      if (members.has(key)) throw new Stop({ kind: "duplicate", span, key });
      this.match(blank);
      if (this.text[this.at] !== ":") this.fail("a `:` should stand here");
      this.at++;
      this.keys.set(inside(pointer, key), span);
      members.set(key, this.value(inside(pointer, key), depth + 1));
    });
    return Object.fromEntries(members);
  }

  private array(pointer: string, depth: number): Json {
    const items: Json[] = [];
    this.list("]", () => items.push(this.value(inside(pointer, items.length), depth + 1)));
    return items;
  }

  /** From the opening bracket to behind the closing one. */
  private list(close: string, element: () => void): void {
    this.at++;
    this.match(blank);
    if (this.text[this.at] !== close) {
      element();
      this.match(blank);
      while (this.text[this.at] === ",") {
        this.at++;
        element();
        this.match(blank);
      }
      if (this.text[this.at] !== close) this.fail(`a \`,\` or the closing \`${close}\` should stand here`);
    }
    this.at++;
  }

  private scalar(next: string | undefined): Json {
    if (next === '"') return this.string();
    const word = this.match(literal);
    if (word) return literals[word] as Json;
    const start = this.at;
    const digits = this.match(numeral);
    if (!digits) this.fail("a value should stand here");
    const value = Number(digits);
    if (!Number.isFinite(value)) throw new Stop({ kind: "number", span: { start, end: this.at }, text: digits });
    return value;
  }

  private string(): string {
    const image = this.match(quoted);
    if (!image) this.fail("this text is not closed on its line, or has an escape that JSON does not know");
    return JSON.parse(image) as string;
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? "";
    this.at += found.length;
    return found;
  }

  private fail(reason: string): never {
    const start = Math.min(this.at, this.text.length);
    throw new Stop({ kind: "syntax", reason, span: { start, end: Math.min(start + 1, this.text.length) } });
  }
}

/** From offsets in a text value to offsets in the document, where escapes are longer than what they mean. */
export function placesInText({ text }: JsonDocument, { start, end }: Span): (offset: number) => number {
  const raw = text.slice(start, end);
  if (!raw.includes("\\")) return (offset) => start + offset;
  const starts = [...raw.matchAll(/\\u.{4}|\\.|[^\\]/gs)].map(({ index }) => index);
  return (offset) => start + (starts[offset] ?? raw.length);
}

/** The innermost value around a place. */
export function pointerAt({ places }: JsonDocument, { start, end }: Span): string {
  let best = "";
  let width = Number.POSITIVE_INFINITY;
  for (const [pointer, place] of places) {
    if (place.start > start || place.end < end || place.end - place.start >= width) continue;
    best = pointer;
    width = place.end - place.start;
  }
  return best;
}
