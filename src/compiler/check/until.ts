/** Where decoding stops: `axis t < T until y[t] == EOS`. */
import * as randoms from "../diagnostics/check-randoms.js";
import * as shapes from "../diagnostics/check-shapes.js";
import { nearest } from "../diagnostics/nearest.js";
import type { Expr, Statement } from "../syntax/ast.js";
import { printExpr } from "../syntax/print.js";
import type { Context } from "./context.js";
import type { Names } from "./entities.js";
import { specials } from "./expressions.js";
import { linear } from "./indices.js";
import { isPoison } from "./types.js";

type AxisStatement = Extract<Statement, { kind: "axis" }>;

/** The token that ends an axis; EOS gets into the vocabulary of its random. */
export function declareUntil(cx: Context, own: Names, s: AxisStatement, e: Expr): void {
  const axis = cx.axes.get(printExpr(s.bound));
  if (!axis || own.own(s.name)?.kind !== "axis") return;
  const example = `axis ${s.name} < ${axis.bound} until y[${s.name}] == EOS`;
  const bad = (message: string): void => cx.report(randoms.badUntil({ place: e.span, message, example }));
  if (e.kind !== "binary" || e.op !== "==" || e.left.kind !== "index")
    return bad("`until` compares a random with a token");
  const entity = own.find(e.left.name);
  const q = entity?.kind === "quantity" ? entity.quantity : null;
  if (entity?.kind === "wrong") return;
  if (q?.role !== "random") return bad(`\`${e.left.name}\` is no random; decoding stops at what is drawn`);
  const [index] = e.left.indices;
  const x = index && linear(cx, index.value, axis.bound, { names: own, vars: new Map(), slots: [], prefix: "" });
  if (e.left.indices.length !== 1 || x?.slot?.name !== s.name || x.off !== 0)
    return bad(`\`until\` looks at \`${q.name}[${s.name}]\``);
  if (isPoison(q.type)) return;
  const vocab = q.type.known?.kind === "token" ? cx.vocabs.get(q.type.known.vocab) : undefined;
  if (!vocab) return bad(`\`${q.name}\` is no token, so it cannot end a sequence`);
  if (axis.size) return bad(`the length of \`${axis.bound}\` is fixed, so nothing can end it`);
  if (e.right.kind === "name" && e.right.name === "EOS" && !vocab.isNumbered) {
    vocab.special.add("EOS");
    axis.until = { random: q.id, token: "<EOS>" };
  } else if (e.right.kind === "string" || (vocab.isNumbered && tokenText(e.right) !== null)) {
    const text = tokenText(e.right) as string;
    if (vocab.tokens && !vocab.tokens.includes(text))
      return cx.report(
        shapes.unknownToken({
          place: e.right.span,
          text,
          vocab: vocab.name,
          declared: vocab.place,
          numbers: vocab.isNumbered ? vocab.tokens.length : null,
          near: nearest(text, vocab.tokens),
        }),
      );
    axis.until = { random: q.id, token: text };
  } else bad("a sequence ends with a token: `EOS`, or one in quotes");
}

/** A token as it is written: quoted, a number where tokens are numbers, or the name of a special one. */
function tokenText(e: Expr): string | null {
  if (e.kind === "string") return e.value;
  if (e.kind === "number") return String(e.value);
  return e.kind === "name" && specials.has(e.name) ? e.name : null;
}
