/** The tree of a spec as JSON. */
import type { SpecFile } from "../syntax/ast.js";
import type { Json } from "./document.js";

/** What `--emit json` prints: the tree without places and without what may be left out. */
export function specToJson(file: SpecFile): Json {
  return plain(file);
}

function plain(x: unknown): Json {
  if (Array.isArray(x)) return x.map(plain);
  if (typeof x !== "object" || x === null) return x as Json;
  const node = x as Readonly<Record<string, unknown>>;
  if (node["kind"] === "number") return node["value"] as number;
  const kept = Object.entries(node).filter(
    ([key, value]) => value !== undefined && !isPlace(key) && !isDefault(key, value),
  );
  kept.sort(([a], [b]) => rank(a) - rank(b));
  return Object.fromEntries(kept.map(([key, value]) => [key, plain(value)]));
}

/** Keys as one would read them; the tree of a JSON spec has them as they were given. */
const order =
  "kind structure frozen path isFile names name topology callee op target targets cell key tokens formals results items indices binders type args arg cond then else left right parts dims open bound until init value in dist weight max min body entries".split(
    " ",
  );
function rank(key: string): number {
  const at = order.indexOf(key);
  if (at < 0) throw new Error(`the key ${key} has no place in the JSON form`);
  return at;
}

const isPlace = (key: string): boolean => key === "span" || key.endsWith("Span");
const isDefault = (key: string, value: unknown): boolean =>
  (key === "open" && value === false) ||
  (["indices", "binders", "args", "names"].includes(key) && Array.isArray(value) && value.length === 0);
