import type { Span } from "./ast.js";

/** What is wrong with an escape, and where in the literal's text (half-open). */
export interface EscapeProblem {
  readonly written: string;
  readonly span: Span;
}

const simpleEscapes: Readonly<Record<string, string>> = { '"': '"', "\\": "\\", n: "\n", t: "\t" };

/** The value of a string literal, quotes included in `image`; the closing one may be missing after an error. */
export function readString(image: string): { value: string; problems: EscapeProblem[] } {
  const closed = /^"(?:[^"\\]|\\.)*"$/s.test(image);
  const inner = closed ? image.slice(1, -1) : image.slice(1);
  const problems: EscapeProblem[] = [];
  const value = inner.replace(
    /\\(?:u([0-9a-fA-F]{4})|(.))/gsu,
    (written, hex: string | undefined, sign: string, at: number) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      const plain = simpleEscapes[sign];
      if (plain !== undefined) return plain;
      problems.push({ written, span: { start: at + 1, end: at + 1 + written.length } });
      return written;
    },
  );
  return { value, problems };
}

/** A string literal with this value. */
export function writeString(value: string): string {
  const inner = value
    .replace(/["\\]/g, "\\$&")
    .replace(/\n/g, "\\n")
    .replace(/\t/g, "\\t")
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `"${inner}"`;
}
