import type { Severity } from "./types.js";

type Paint = (text: string) => string;

export interface Paints extends Readonly<Record<Severity, Paint>> {
  readonly strong: Paint;
  readonly gutter: Paint;
  /** Places that are not the main one. */
  readonly other: Paint;
}

const plain: Paint = (text) => text;
const ansi =
  (code: string): Paint =>
  (text) =>
    text === "" ? "" : `\u001b[${code}m${text}\u001b[0m`;

const none: Paints = { error: plain, warning: plain, note: plain, strong: plain, gutter: plain, other: plain };
const colors: Paints = {
  error: ansi("1;31"),
  warning: ansi("1;33"),
  note: ansi("1;36"),
  strong: ansi("1"),
  gutter: ansi("34"),
  other: ansi("36"),
};

export function paints(color: boolean): Paints {
  return color ? colors : none;
}
