/**
 * Connectionist temporal classification: a sequence of labels, in order, spread over more frames, with blanks between
 * (A. Graves, S. Fernández, F. Gomez, J. Schmidhuber, "Connectionist temporal classification", ICML 2006).
 *
 * The forward variables are equations of the System, so that their gradient is that of any recurrence. The 2U + 1 states of
 * the paper are three values: `label[t,u]`, the last frame said label u; `gap[t,u]`, a blank, and label u is next;
 * `rest[t]`, a blank after the last label. In logarithms, with p the log-softmax of the frame and K its blank:
 *
 *   label[t,u] = p[t][y[u]] + log(e^label[t-1,u] + e^gap[t-1,u] + e^label[t-1,u-1])    the last only where y[u] ≠ y[u-1]
 *   gap[t,u]   = p[t][K]    + log(e^gap[t-1,u] + e^label[t-1,u-1])
 *   rest[t]    = p[t][K]    + log(e^rest[t-1] + e^label[t-1,U-1])
 */
import { E, type Expr, op, read } from "../../system/expr.js";
import { at, fromEnd, fromStart, outerNames } from "../../system/positions.js";
import type { Pos, Slot } from "../../system/types.js";
import * as dims from "../dims.js";
import type { Term } from "../terms.js";
import { showType } from "../types.js";
import type { Distribution, Fit, Misfit, Observation } from "./types.js";

function misfit({ q, known, over }: Fit): Misfit | null {
  const u = q.slots[q.slots.length - 1];
  if (known.kind !== "token")
    return {
      message: `\`ctc\` draws a sequence of tokens, and \`${q.name}\` is ${showType(q.type)}`,
      help: `declare \`random ${q.name}[u] : V\` with \`vocab V\``,
    };
  if (!u)
    return {
      message: `\`ctc\` draws a sequence, and \`${q.name}\` has no axis`,
      help: `declare \`random ${q.name}[u] : ${known.vocab}\` with \`axis u < U\``,
    };
  if (u.axis !== over?.axis) return null;
  return {
    message: `\`${q.name}\` has as many labels as there are frames: both run over ${u.axis}`,
    help: "give the labels an axis of their own, `axis u < U`",
  };
}

/** What is out of the question: far below every sum of logarithms, and finite, so that −∞ + ∞ never arises. */
const NEVER = -1e30;

/** log Σ exp of numbers. */
const logSum = (...xs: Expr[]): Expr => op("lsef", [E.concat(...xs.map((x) => E.fill(x, [1])))]);

const frame = ({ l, drawing, choices }: Pick<Observation, "l" | "drawing" | "choices">): Expr =>
  l.as(drawing.params[0] as Term, [choices + 1]);

function logp(o: Observation): Expr {
  const { q, drawing, builder: b, choices, y } = o;
  const t = drawing.over as Slot;
  const u = o.slots[o.slots.length - 1] as Slot;
  const around = o.slots.slice(0, -1);
  const own = around.map((s) => at(s.name));
  const never = E.num(NEVER);

  const z = frame(o);
  const p = b.define(`${q.id}.p`, [...around, t], E.sub(z, E.fill(op("lsef", [z]), [choices + 1])));
  const blank = b.define(
    `${q.id}.blank`,
    [...around, t],
    op("pick", [b.ident(p), op("token", [], { value: choices })]),
  );
  const said = b.define(`${q.id}.said`, [...around, t, u], op("pick", [b.ident(p), y]));
  const before: Expr = {
    e: "read",
    read: { v: q.id, idx: [...own, at(u.name, -1)], when: [{ axis: u.axis, rel: "in", a: at(u.name, -1) }] },
  };
  const repeats = b.define(`${q.id}.repeats`, [...around, u], E.equal(y, before));

  const label = b.declare(`${q.id}.label`, [...around, t, u], [], "eq");
  const gap = b.declare(`${q.id}.gap`, [...around, t, u], [], "eq");
  const rest = b.declare(`${q.id}.rest`, [...around, t], [], "eq");
  const state = (id: string, ...idx: readonly Pos[]): Expr => read(id, [...own, ...idx]);
  const past = at(t.name, -1);
  const next = state(label, past, at(u.name, -1));
  const stays = [state(label, past, at(u.name)), state(gap, past, at(u.name))];
  b.equate(label, E.add(b.ident(said), logSum(...stays, E.where(b.ident(repeats), never, next))));
  b.equate(gap, E.add(b.ident(blank), logSum(state(gap, past, at(u.name)), next)));
  b.equate(rest, E.add(b.ident(blank), logSum(state(rest, past), state(label, past, fromEnd(-1)))));

  const start = { slot: t.name, at: fromStart(-1) };
  const front = { slot: u.name, at: fromStart(-1) };
  for (const pins of [[start], [front], [start, front]]) b.clause(label, pins, never);
  // before the first frame nothing is said: the first label is next, or there is none
  const isFirst = E.equal(op("index", [], { slot: u.name }), E.num(0));
  b.clause(gap, [start], E.where(isFirst, E.num(0), never));
  const outer = outerNames(o.slots, u);
  const length = op("extent", [], { axis: u.axis, ...(outer.length ? { within: outer } : {}) });
  b.clause(rest, [start], E.where(E.equal(length, E.num(0)), E.num(0), never));

  const whole = logSum(state(label, fromEnd(-1), fromEnd(-1)), state(rest, fromEnd(-1)));
  return E.where(E.less(E.num(NEVER / 10), whole), whole, E.num(Number.NEGATIVE_INFINITY));
}

export const ctc: Distribution = {
  name: "ctc",
  doc: "A sequence of tokens, spread over the frames of an axis; the last logit is the blank.",
  over: "always",
  forms: [{ given: "logits", params: [{ names: ["logits"] }], usage: "ctc[t](logits[t])" }],
  misfit,
  shapes: ({ known }) => [[dims.plus(dims.named(known.kind === "token" ? known.vocab : ""), dims.number(1))]],
  logp,
  draw: (d) => ({
    args: [frame(d)],
    attrs: { dist: "ctc", along: d.q.slots[d.q.slots.length - 1]?.name as string },
    vars: [d.drawing.over as Slot],
  }),
  isWhole: true,
};
