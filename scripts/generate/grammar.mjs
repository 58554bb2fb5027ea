/**
 * Writes what follows from the grammar: `grammar/grammar.ebnf` and `grammar/railroad.html`, which people read, and
 * `grammar/cst.ts`, the types of the parser's tree. Runs on the built compiler (`npm run build` first). With `--check` it writes nothing and fails
 * where a file is stale.
 */
import { grammarFiles } from "./grammar-files.mjs";
import { write } from "./write.mjs";

const built = new URL("../../dist/grammar/", import.meta.url);
const [parser, precedence, tokens] = await Promise.all(
  ["parser.js", "precedence.js", "tokens.js"].map((name) => import(new URL(name, built))),
);

write(grammarFiles({ ...parser, ...precedence, ...tokens }));
