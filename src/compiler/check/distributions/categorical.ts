/** `categorical(logits)` over a vocabulary or a fixed axis, `categorical[s](scores[s])` over any axis. */
import { argmaxOver, E, type Expr, lseOver, op, sumOver } from "../../system/expr.js";
import type { Slot } from "../../system/types.js";
import * as dims from "../dims.js";
import type { Term } from "../terms.js";
import { showType } from "../types.js";
import type { Density, Distribution, Fit, Misfit } from "./types.js";

function misfit({ q, known, over, size }: Fit): Misfit | null {
  const is = `\`${q.name}\` is ${showType(q.type)}`;
  if (over) {
    const axis = known.kind === "token" ? known.vocab : known.kind === "position" ? known.axis : null;
    if (axis === over.axis) return null;
    return {
      message: `\`categorical[${over.name}]\` draws a position on the axis ${over.axis}, and ${is}`,
      help: `declare \`random ${q.name} : ${over.name}\``,
    };
  }
  if (known.kind === "token") return null;
  if (known.kind === "position")
    return size(known.axis)
      ? null
      : {
          message: `${is}, which each sample has its own number of`,
          help: `give a score at each of them: \`categorical[s](scores[s])\` with a variable \`s\` over ${known.axis}`,
        };
  return {
    message: `\`categorical\` draws a token, and ${is}`,
    help: `declare \`random ${q.name} : V\` with \`vocab V\`, or draw it from \`normal(mu, sigma)\``,
  };
}

/** Over an axis a number at each index, otherwise a vector with an entry for each value. */
const parameter = ({ l, drawing, choices }: Density): Expr =>
  l.as(drawing.params[0] as Term, drawing.over ? [] : [choices]);

export const categorical: Distribution = {
  name: "categorical",
  doc: "One of several, by logits or by probabilities `p`; over an axis by a number at each of its indices.",
  over: "optional",
  forms: [
    { given: "logits", params: [{ names: ["logits"] }], usage: "categorical(logits)" },
    { given: "p", params: [{ names: ["p"], named: true }], usage: "categorical(p = …)" },
  ],
  misfit,
  shapes: ({ known, over, size }) => {
    if (over) return [[]];
    if (known.kind === "token") return [[dims.named(known.vocab)]];
    return [known.kind === "position" ? [size(known.axis) ?? dims.number(1)] : []];
  },
  logp: (o) => {
    const x = parameter(o);
    const { over, given } = o.drawing;
    if (!over) return given === "p" ? E.map("log", op("pick", [x, o.y])) : E.neg(op("xent", [x, o.y]));
    const chosen = sumOver([over], E.only(x, o.y, over.name));
    return given === "p" ? E.map("log", chosen) : E.sub(chosen, lseOver([over], x));
  },
  hit: (o) => {
    const { over } = o.drawing;
    return E.equal(over ? argmaxOver(over, parameter(o)) : op("argmaxf", [parameter(o)]), o.y);
  },
  draw: (d) => {
    const x = parameter(d);
    const vars: Slot[] = d.drawing.over ? [d.drawing.over] : [];
    return { args: [d.drawing.given === "p" ? E.map("log", x) : x], attrs: { dist: "categorical" }, vars };
  },
};
