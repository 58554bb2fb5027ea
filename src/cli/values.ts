import { InvalidArgumentError } from "commander";

export type Setting = number | string | boolean;

/** One `-p key=value`, added to those before it. Values are numbers, `true`, `false`, and otherwise strings. */
export function setting(text: string, before: Readonly<Record<string, Setting>> = {}): Record<string, Setting> {
  const equals = text.indexOf("=");
  if (equals < 1)
    throw new InvalidArgumentError("Write it as key=value, for example -p H=256 or -p train.optimizer.lr=1e-3.");
  return { ...before, [text.slice(0, equals).trim()]: value(text.slice(equals + 1).trim()) };
}

function value(text: string): Setting {
  if (text === "true" || text === "false") return text === "true";
  return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** A parser of whole numbers from `least` on. */
export const whole =
  (least: number) =>
  (text: string): number => {
    const n = Number(text);
    if (text.trim() === "" || !Number.isSafeInteger(n) || n < least) {
      throw new InvalidArgumentError(`It has to be a whole number from ${least} on.`);
    }
    return n;
  };

/** `--length`: of all axes, and of some by name. */
export interface LengthOptions {
  readonly length?: number;
  readonly lengths?: Readonly<Record<string, number>>;
}

/** One `--length 20` or `--length S=20`, added to those before it. */
export function length(text: string, before: LengthOptions = {}): LengthOptions {
  const equals = text.lastIndexOf("=");
  const n = whole(1)(text.slice(equals + 1));
  if (equals < 0) return { ...before, length: n };
  return { ...before, lengths: { ...before.lengths, [text.slice(0, equals).trim()]: n } };
}

/** Names separated by commas. */
export const listOf = (text: string): string[] =>
  text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");

/** A parser of numbers greater than 0 and at most `most`. */
export const positive =
  (most = Number.POSITIVE_INFINITY) =>
  (text: string): number => {
    const x = Number(text);
    if (text.trim() === "" || !(x > 0 && x <= most) || !Number.isFinite(x)) {
      throw new InvalidArgumentError(
        `It has to be a number above 0${most === Number.POSITIVE_INFINITY ? "" : ` and at most ${most}`}.`,
      );
    }
    return x;
  };

/** `\n`, `\t` and `\\` as a shell passes them on, in a prefix. */
export function unescaped(text: string): string {
  const meaning: Readonly<Record<string, string>> = { n: "\n", t: "\t", "\\": "\\" };
  return text.replace(/\\([nt\\])/g, (_, letter: string) => meaning[letter] ?? letter);
}
