import { nearest } from "../diagnostics/nearest.js";

/** First words of statements of other languages, and what is written here instead. */
const foreign: ReadonlyMap<string, string> = new Map([
  ...each(
    ["for", "foreach", "while", "loop", "repeat"],
    "there are no loops: `axis t < T` declares an index, and `h[t] = …` holds for all of it",
  ),
  ...each(["let", "const", "var", "val", "set", "auto"], "an equation needs no keyword: `name = value`"),
  ...each(
    ["float", "int", "double", "tensor", "vector", "matrix"],
    "types are shapes, and inferred: `h[t] : [H] = …` may state one",
  ),
  ...each(
    ["def", "fn", "func", "function", "class", "module", "layer", "struct"],
    "a function of values is a cell: `cell Name(x : [X]) -> y : [Y] { … }`",
  ),
  ...each(["import", "from", "include", "require_once"], 'write `use std.cells (LSTM)`, or `use "file.rcv" (Name)`'),
  ...each(["return", "yield"], "the results of a cell are named after `->` and have equations like all other values"),
  ...each(
    ["print", "console", "echo"],
    "nothing runs here; `recurve predict` prints values, `metric name = …` reports one",
  ),
  ...each(
    ["output", "outputs", "target", "observe", "label"],
    "what is to be produced is a random: `random y[t] : Label`",
  ),
  ...each(["parameter", "parameters", "params", "weight", "weights", "variable"], "write `param W, b`"),
  ...each(["inputs"], "write `input x[t] : [X]`"),
  ...each(["assert", "where", "ensure"], "write `require condition`"),
  ...each(["minimize", "minimise", "objective", "cost"], "write `loss expression`"),
  ...each(["size", "dimension", "dims", "hidden"], "write `dim H = 128`"),
  ...each(["index", "time", "axes"], "write `axis t < T`"),
]);

function each(words: readonly string[], help: string): [string, string][] {
  return words.map((word) => [word, help]);
}

const keywords = [
  "model",
  "cell",
  "dim",
  "vocab",
  "axis",
  "tree",
  "graph",
  "input",
  "random",
  "noise",
  "param",
  "frozen",
  "use",
  "loss",
  "metric",
  "require",
];

/**
 * What to write instead of a statement that starts with `word`, if it is a word of another language or nearly one of
 * ours. `declares`: a name or value follows it, as it follows a keyword.
 */
export function foreignHelp(word: string, declares: boolean): string | undefined {
  const known = foreign.get(word);
  if (known !== undefined) return known;
  if (!declares) return undefined;
  const near = nearest(word, keywords);
  return near === undefined ? undefined : `did you mean \`${near}\`?`;
}
