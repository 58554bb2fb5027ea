/** Texts that are not, or no longer, specs: the parser and the checker answer each with diagnostics, and soon. */
import { readdirSync, readFileSync } from "node:fs";
import { compile } from "../../src/compiler/index.js";
import { format } from "../../src/compiler/syntax/format.js";
import { uniform } from "./numbers.js";

export interface TextFailure {
  readonly text: string;
  readonly problem: string;
}

const root = new URL("../../", import.meta.url);
const MOST_MS = 1000;

/** All specs of the project. */
function specs(): string[] {
  const out: string[] = [];
  const visit = (folder: URL): void => {
    for (const d of readdirSync(folder, { withFileTypes: true }))
      if (d.isDirectory()) visit(new URL(`${d.name}/`, folder));
      else if (d.name.endsWith(".rcv")) out.push(readFileSync(new URL(d.name, folder), "utf8"));
  };
  visit(new URL("specs/", root));
  visit(new URL("test/samples/", root));
  return out;
}

const words =
  'model m { } [ ] ( ) , ; : ~ = == != < <= > >= + - * / ^ @ \' -> if then else not and or div mod dim vocab axis tree graph input random noise param frozen use loss metric require cell until weight in kids parent root pos preds sum softmax max h x y W t s n k T S 0 1 -1 2.5 1e9 "a" "" # \n σ ⊙ · training observed categorical normal mixture ctc data train decode inf eye split'.split(
    " ",
  );

class Dice {
  #n = 0;
  constructor(readonly key: string) {}
  below(n: number): number {
    return Math.floor(uniform(this.key, this.#n++) * n);
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

const soup = (d: Dice): string =>
  Array.from({ length: 1 + d.below(60) }, () => d.pick(words)).join(d.pick([" ", "", "\n"]));
const bytes = (d: Dice): string => String.fromCodePoint(...Array.from({ length: d.below(200) }, () => d.below(0x2ff)));
const inModel = (d: Dice): string =>
  `model m {\n  axis t < T\n  input x[t] : [2]\n  ${soup(d)}\n  h[t] = ${soup(d)}\n}`;

/** A spec with a few places cut, doubled, exchanged or replaced. */
function mutated(d: Dice, text: string): string {
  let out = text;
  for (let i = 0; i <= d.below(3); i++) {
    const [a, b] = [d.below(out.length + 1), d.below(40)];
    const tokens = out.split(/(\s+|\b)/);
    switch (d.below(6)) {
      case 0:
        out = out.slice(0, a) + out.slice(a + b);
        break;
      case 1:
        out = out.slice(0, a) + d.pick(words) + out.slice(a);
        break;
      case 2:
        out = out.slice(0, a) + out.slice(a, a + b) + out.slice(a);
        break;
      case 3: {
        const [x, y] = [d.below(tokens.length), d.below(tokens.length)];
        [tokens[x], tokens[y]] = [tokens[y] as string, tokens[x] as string];
        out = tokens.join("");
        break;
      }
      case 4: {
        tokens[d.below(tokens.length)] = d.pick(words);
        out = tokens.join("");
        break;
      }
      default: {
        const lines = out.split("\n");
        lines.splice(d.below(lines.length), 1);
        out = lines.join("\n");
      }
    }
  }
  return out;
}

/** A spec in which one number is another: shifts, sizes and counts that nobody means. */
function renumbered(d: Dice, text: string): string {
  const numbers = [...text.matchAll(/(?<![\w."])\d+(\.\d+)?(?![\w"])/g)];
  if (!numbers.length) return text;
  const { 0: image, index } = d.pick(numbers);
  return (
    text.slice(0, index) + d.pick(["0", "0.5", "1e5", "1e9", "9007199254740993"]) + text.slice(index + image.length)
  );
}

const deep = 10_000;
/** Nested as deeply as nobody writes. */
export const deepTexts: readonly string[] = [
  ["(", "1", ")"],
  ["[", "1", "]"],
  ["-", "1", ""],
  ["not ", "1", ""],
  ["if 1 then 2 else ", "3", ""],
  ["if ", "1", " then 2 else 3"],
  ["tanh(", "1", ")"],
  ["x[", "1", "]"],
  ["sum[t](", "1", ")"],
  ["1 ^ ", "1", ""],
  ["W @ ", "1", ""],
  ["1 + ", "1", ""],
].map(
  ([open, inner, close]) =>
    `model m {\n  y = ${(open as string).repeat(deep)}${inner}${(close as string).repeat(deep)}\n}`,
);

/** What is wrong with how a text is answered; null if nothing. */
export function textProblem(text: string): string | null {
  const timed = () => {
    const start = performance.now();
    const { diagnostics } = compile(text, { file: "text.rcv" });
    return { diagnostics, ms: performance.now() - start };
  };
  try {
    const { diagnostics, ms } = timed();
    // once more: the first time a machine may be busy, or the code cold
    if (ms > MOST_MS && timed().ms > MOST_MS) return `takes ${Math.round(ms)} ms`;
    for (const d of diagnostics)
      for (const l of d.labels)
        if (l.file === undefined && !(l.span.start >= 0 && l.span.end <= text.length && l.span.start <= l.span.end))
          return `${d.code} points outside of the text: ${l.span.start}–${l.span.end} of ${text.length}`;
    return formatProblem(text);
  } catch (e) {
    return (e as Error).stack ?? String(e);
  }
}

/** A layout changes nothing but blanks, and laying out again changes nothing at all. */
function formatProblem(text: string): string | null {
  const blanks = /\s+/g;
  const once = format(text);
  if (once.replace(blanks, "") !== text.replace(blanks, "")) return `fmt changes more than blanks:\n${once}`;
  const twice = format(once);
  return twice === once ? null : `fmt of fmt differs:\n${once}\n--- and then\n${twice}`;
}

function textOf(key: string, all: readonly string[]): string {
  const d = new Dice(key);
  switch (d.below(8)) {
    case 0:
      return bytes(d);
    case 1:
      return soup(d);
    case 2:
      return inModel(d);
    case 3:
      return renumbered(d, d.pick(all));
    default:
      return mutated(d, d.pick(all));
  }
}

/** As many texts as fit into `seconds`, or `most`. */
export function fuzzText(
  seed: number,
  seconds: number,
  most = Number.POSITIVE_INFINITY,
): { readonly texts: number; readonly failures: readonly TextFailure[] } {
  const all = specs();
  const end = performance.now() + 1000 * seconds;
  const failures: TextFailure[] = [];
  let texts = 0;
  for (; texts < most && performance.now() < end && failures.length < 20; texts++) {
    const text = textOf(`${seed}:${texts}`, all);
    const problem = textProblem(text);
    if (problem !== null) failures.push({ text, problem });
  }
  return { texts, failures };
}
