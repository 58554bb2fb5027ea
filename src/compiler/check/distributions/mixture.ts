/** `mixture[m](w[m], normal(mu[m], sigma[m]))`: a component of an axis by its weight, then a draw from it. */
import type { DistName } from "../../model.js";
import { E, type Expr, lseOver } from "../../system/expr.js";
import type { Slot } from "../../system/types.js";
import type { Drawing, Term } from "../terms.js";
import type { Density, Distribution, Drawn, Observation } from "./types.js";

type Base = (name: DistName) => Distribution;

const logWeight = ({ l, drawing }: Density): Expr => {
  const w = l.as(drawing.params[0] as Term, []);
  return drawing.given === "p" ? E.map("log", w) : w;
};

/** `baseOf`: the table of distributions, which this one is an entry of. */
export const mixture = (baseOf: Base): Distribution => ({
  name: "mixture",
  doc: "A mixture over an axis: weights by logits or probabilities `p`, and the distribution of each component.",
  over: "always",
  forms: [
    {
      given: "logits",
      params: [{ names: ["logits"] }, { names: ["base"], base: true }],
      usage: "mixture[m](w[m], normal(mu[m], sigma[m]))",
    },
    {
      given: "p",
      params: [
        { names: ["p"], named: true },
        { names: ["base"], base: true },
      ],
      usage: "mixture[m](p = w[m], normal(mu[m], sigma[m]))",
    },
  ],
  // its components say what they draw
  misfit: () => null,
  shapes: () => [[]],
  logp: (o: Observation) => {
    const over = [o.drawing.over as Slot];
    const base = o.drawing.base as Drawing;
    const w = logWeight(o);
    // log Σ exp(w + log p) − log Σ exp(w); probabilities sum to 1 by themselves
    const joint = lseOver(over, E.add(w, baseOf(base.dist).logp({ ...o, drawing: base })));
    return o.drawing.given === "p" ? joint : E.sub(joint, lseOver(over, w));
  },
  draw: (d): Drawn => {
    const base = d.drawing.base as Drawing;
    const inner = baseOf(base.dist).draw({ ...d, drawing: base });
    return {
      args: [logWeight(d), ...inner.args],
      attrs: { dist: "mixture", base: base.dist },
      vars: [d.drawing.over as Slot, ...inner.vars],
    };
  },
});
