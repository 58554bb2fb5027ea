/** Files as a spec names them: `"moby.txt"`, `npm("package/path")`. */
import { blockBadPath, blockWrongType } from "../diagnostics/blocks.js";
import type { BlockValue } from "../model.js";
import { type Context, isCall, type JsonObject, type Path, show } from "./forms.js";

const packageName = /^((?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*)\/(.+)$/;

/** Undefined (and reported) where the value names no file. */
export function file(ctx: Context, value: BlockValue, path: Path): JsonObject | undefined {
  const what = `\`${[ctx.block, ...path].join(".")}\``;
  const span = ctx.span(path);
  const bad = (written: string, reason: string) => {
    ctx.diagnostics.push(blockBadPath({ span, what, path: written, reason }));
    return undefined;
  };
  if (typeof value === "string") {
    if (value === "" || value.includes("\0")) return bad(value, "names no file");
    return { path: value, npm: null };
  }
  const inner = isCall(value) && value.call === "npm" && value.args.length === 1 ? value.args[0] : undefined;
  if (typeof inner === "string") {
    const [, name, rest] = packageName.exec(inner) ?? [];
    if (name === undefined || rest === undefined) return bad(inner, "does not name a package and a file in it");
    if (rest.startsWith("/") || /[\\\0]/.test(rest) || rest.split("/").includes(".."))
      return bad(inner, "leaves the package");
    return { path: rest, npm: name };
  }
  ctx.diagnostics.push(
    blockWrongType({
      span,
      what,
      expected: "a file",
      found: show(value),
      help: 'write `"moby.txt"` or `npm("package/file.txt")`',
    }),
  );
  return undefined;
}
