/** After unification: what is still unknown, what is never used, which tokens are meant. */
import * as domains from "../diagnostics/check-domains.js";
import * as names from "../diagnostics/check-names.js";
import * as randoms from "../diagnostics/check-randoms.js";
import * as shapes from "../diagnostics/check-shapes.js";
import { nearest } from "../diagnostics/nearest.js";
import { batchStatistics, isBatch, notInLanguage } from "../diagnostics/not-in-language.js";
import type { Model } from "../model.js";
import type { ModelDef } from "../syntax/ast.js";
import type { Context } from "./context.js";
import * as dims from "./dims.js";
import { describe, type Names } from "./entities.js";
import { specials } from "./expressions.js";
import { spoil } from "./solve.js";
import type { Quantity } from "./terms.js";
import { isIndex, isPoison, knownOf, shapeOf, showType } from "./types.js";

const kind = (q: Quantity): string => (q.role === "param" || q.role === "frozen" ? "parameter" : "value");

/** Every quantity has a shape, and every size of it is known. */
export function checkShapes(cx: Context): void {
  // One open size is one mistake, however many values have it.
  const told = new Set<dims.Unknown>();
  const ordered = [...cx.quantities].sort((a, b) => Number(b.role === "eq") - Number(a.role === "eq"));
  const noShape: Quantity[] = [];
  for (const q of ordered) {
    if (isPoison(q.type)) continue;
    const shape = shapeOf(q.type);
    if (!shape) {
      noShape.push(q);
      continue;
    }
    const open = shape.flatMap(dims.unknownsOf);
    if (open.length && !open.some((u) => told.has(u)) && !cx.reporter.failed) {
      const read = q.reads[0] ?? null;
      cx.report(shapes.unknownSize({ name: q.name, type: showType(q.type), place: q.span, read }));
    }
    for (const u of open) told.add(u);
  }
  // Values whose shape hangs on one another: the parameters among them are the reason.
  const reasons = noShape.filter((q) => kind(q) === "parameter" && q.reads.length > 0);
  if (!cx.reporter.failed || reasons.length === 0)
    for (const q of reasons.length ? reasons : noShape.filter((q) => q.named && (q.definition || q.reads.length > 0)))
      if (!cx.reporter.failed || reasons.length)
        cx.report(shapes.unknownShape({ name: q.name, kind: kind(q), place: q.span, read: q.reads[0] ?? null }));
  for (const q of noShape) spoil(q.type);
}

/** Sizes that are numbers now must be positive integers. */
export function checkSizes(cx: Context): void {
  const told = new Set<string>();
  for (const q of cx.quantities)
    for (const d of shapeOf(q.type) ?? []) {
      const n = cx.sizeOf(d);
      if (n !== null && (!Number.isInteger(n) || n < 1) && !told.has(dims.show(d))) {
        told.add(dims.show(d));
        cx.report(shapes.badSize({ name: q.name, place: q.span, size: dims.show(d), value: n }));
        break;
      }
    }
}

/** Literal tokens belong to the vocabulary of what they stand beside. */
export function checkLiterals(cx: Context): void {
  for (const { term, via } of cx.literals) {
    const special = term.text.replace(/^<(.*)>$/, "$1");
    const isSpecial = term.text !== special && specials.has(special);
    const text = isSpecial ? special : term.text;
    const k = knownOf(term.type);
    if (k?.kind === "poison") continue;
    if (k?.kind !== "token") {
      if (k) cx.report(shapes.notAToken({ place: term.span, text, other: showType(term.type) }), via);
      else cx.report(shapes.ambiguousToken({ place: term.span, text }), via);
      spoil(term.type);
      continue;
    }
    const vocab = cx.vocabs.get(k.vocab);
    if (!vocab) continue;
    if (isSpecial && special !== "UNK" && !vocab.isNumbered) vocab.special.add(special as "BOS" | "EOS");
    const missing =
      isSpecial && !vocab.isNumbered
        ? special === "UNK" && vocab.max === null && vocab.min === null
        : vocab.tokens && !vocab.tokens.includes(text);
    if (missing)
      cx.report(
        shapes.unknownToken({
          place: term.span,
          text,
          vocab: vocab.name,
          declared: vocab.place,
          numbers: vocab.isNumbered ? (vocab.tokens?.length ?? 0) : null,
          near: nearest(text, vocab.tokens ?? []),
        }),
        via,
      );
  }
}

/** What a decoded record holds beside the randoms (`Decoding` in the runtime). */
const besideRandoms = ["logp", "alternatives", "score"];

export function checkRandoms(cx: Context, model: ModelDef, own: Names): void {
  const all = cx.quantities.filter((q) => q.role === "random");
  for (const q of all) {
    if (besideRandoms.includes(q.name)) cx.report(randoms.takenRandom({ place: q.span, name: q.name }));
    if (q.sampling || own.own(q.name)?.kind === "wrong") continue;
    const name = q.slots.length ? `${q.name}[${q.slots.map((s) => s.name).join(", ")}]` : q.name;
    const examples = {
      token: "categorical(logits)",
      position: "categorical[s](scores[s])",
      float: "normal(mu, sigma)",
    };
    const k = knownOf(q.type)?.kind ?? "poison";
    const example = `${name} ~ ${examples[k === "poison" ? "float" : k]}`;
    cx.report(randoms.undrawnRandom({ place: q.span, name: q.name, example }));
  }
  if (!all.length && !cx.objectives.some((o) => o.kind === "loss") && !cx.reporter.failed)
    cx.report(randoms.noObjective({ place: model.nameSpan, name: model.name }));
  for (const o of cx.objectives) {
    const shape = shapeOf(o.term.type);
    if (shape?.length)
      cx.report(
        shapes.badArgument({
          fn: o.kind,
          needs: "a number",
          arg: { place: o.term.span, type: showType(o.term.type) },
          help: "sum its features with `sum(…)`",
        }),
      );
  }
}

/** An instance that is never called has no parameters: nothing tells their sizes. */
export function leaveOutUncalled(cx: Context, own: Names): void {
  for (const [name, e] of own.entries()) {
    if (e.kind !== "instance" || own.used.has(name)) continue;
    const others = cx.quantities.filter((q) => !q.id.startsWith(e.instance.prefix));
    cx.quantities.splice(0, cx.quantities.length, ...others);
  }
}

/** The length of a ragged axis comes from the data (R13). */
export function checkAxes(cx: Context): void {
  for (const a of cx.axes.values()) {
    if (a.size && dims.unknownsOf(a.size).length && !cx.reporter.failed) {
      const message = `nothing says how long the axis \`${a.vars[0]}\` of the cell is`;
      const help = "give the size where the instance is declared: `cell f = Name(N = 2)`";
      cx.report(names.wrongCellUse({ place: a.place, message, help }));
    }
    if (a.size || a.length !== null || a.family !== undefined) continue;
    const carried = cx.quantities.some(
      (q) => (q.role === "input" || q.role === "random") && q.slots.some((s) => s.axis === a.bound),
    );
    if (!carried && isBatch(a.bound)) cx.report(notInLanguage({ place: a.place, ...batchStatistics }));
    else if (!carried) cx.report(domains.unboundAxis({ place: a.place, bound: a.bound, axis: a.vars[0] as string }));
  }
  for (const v of cx.vocabs.values()) {
    const given = (q: Quantity): boolean => q.role === "input" || q.role === "random";
    const filled = cx.quantities.some((q) => {
      const k = knownOf(q.type);
      return given(q) && (k?.kind === "poison" || (k?.kind === "token" && k.vocab === v.name));
    });
    if (!v.tokens && !filled) cx.report(domains.emptyVocab({ place: v.place, name: v.name }));
  }
}

/** An axis that decoding makes has to end (R18). */
export function checkEnds(cx: Context, blocks: Model["blocks"]): void {
  for (const a of cx.axes.values()) {
    const along = (role: Quantity["role"]): Quantity | undefined =>
      cx.quantities.find((q) => q.role === role && q.slots.some((s) => s.axis === a.bound));
    const random = along("random");
    if (
      !random ||
      a.size ||
      a.family !== undefined ||
      a.until ||
      along("input") ||
      random.sampling?.dist === "ctc" ||
      blocks.decode?.["max"] !== undefined
    )
      continue;
    cx.report(
      domains.openEnd({
        place: a.place,
        axis: `${a.vars[0]} < ${a.bound}`,
        random: random.name,
        at: a.vars[0] as string,
        discrete: isIndex(random.type),
      }),
    );
  }
}

export function checkUnused(cx: Context, own: Names): void {
  const warned: ReadonlySet<string> = new Set([
    "a parameter",
    "a frozen parameter",
    "an input",
    "noise",
    "an instance of a cell",
  ]);
  for (const [name, e] of own.entries()) {
    const is = describe(e);
    if (!own.used.has(name) && warned.has(is))
      cx.report(names.unusedName({ place: e.place, what: `${is.replace(/^an? /, "the ")} \`${name}\`` }));
  }
}
