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
