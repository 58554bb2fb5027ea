/** Calls: instances of cells, reductions over axes, functions. */
import * as names from "../diagnostics/check-names.js";
import * as shapes from "../diagnostics/check-shapes.js";
import { notSupported } from "../diagnostics/check-unsupported.js";
import { nearest } from "../diagnostics/nearest.js";
import type { Arg, Expr } from "../syntax/ast.js";
import type { Slot } from "../system/types.js";
import { callCell } from "./cells.js";
import { dimOf, numberOf } from "./constants.js";
import type { Context, Scope } from "./context.js";
import type { Dim } from "./dims.js";
import * as dims from "./dims.js";
import { describe } from "./entities.js";
import { bind, elaborate, hoist, readOf, wrong } from "./expressions.js";
import { builtins, usage } from "./functions/index.js";
import type { Builtin, CallContext, CallTerm } from "./functions/types.js";
import { extentAlong } from "./lengths.js";
import { importOf } from "./library.js";
import { scalarShape, splitShape } from "./rules.js";
import { unaryShape } from "./shapes.js";
import { isNeighbours } from "./structures/facts.js";
import { linkOf, overNeighbours } from "./structures/neighbours.js";
import { misplacedNode, positionAmongSiblings } from "./structures/reads.js";
import type { Quantity, ReduceKind, Term } from "./terms.js";
import { onAxis, open, type Place, scalar, showType, type Type, token } from "./types.js";

type CallExpr = Extract<Expr, { kind: "call" }>;

const reductions: ReadonlySet<string> = new Set(["sum", "mean", "max", "min", "logsumexp", "argmax"]);

/** Functions of the language that are not compiled yet. */
const later: ReadonlySet<string> = new Set(["index"]);

export function callTerm(cx: Context, e: CallExpr, scope: Scope): Term {
  const results = callTerms(cx, e, scope);
  if (results.length === 1) return results[0] as Term;
  cx.report(
    names.wrongCellUse({
      place: e.span,
      message: `\`${e.callee}\` gives ${results.length} values, and one is needed here`,
      help: `name them first: \`(${results.map((_, i) => "abcdefgh"[i] ?? "…").join(", ")}) = ${e.callee}(…)\``,
    }),
    scope.via,
  );
  return wrong(e.span);
}

/** What a result is called on the left, and the value whose equation it is, if it is one over its whole domain. */
export interface Wanted {
  readonly name: string;
  readonly into: Quantity | null;
  /** The axes that it has on the left. */
  readonly slots: readonly Slot[];
  readonly span: Place;
}

/** All results of a call. */
export function callTerms(cx: Context, e: CallExpr, scope: Scope, targets: readonly Wanted[] = []): readonly Term[] {
  const entity = scope.names.find(e.callee);
  if (entity?.kind === "instance") return callCell(cx, entity.instance, e, scope, targets);
  if (entity && (entity.kind === "cell" || !functions.has(e.callee))) {
    if (entity.kind === "cell")
      cx.report(
        names.wrongCellUse({
          place: e.calleeSpan,
          message: `\`${e.callee}\` is the definition of a cell; parameters belong to an instance of it`,
          help: `write \`cell name = ${e.callee}(…)\` and call \`name(…)\``,
          declared: entity.place,
        }),
        scope.via,
      );
    else if (entity.kind !== "wrong")
      cx.report(
        names.wrongKind({
          place: e.calleeSpan,
          name: e.callee,
          is: describe(entity),
          needs: "a function or a cell instance",
          declared: entity.place,
        }),
        scope.via,
      );
    for (const a of e.args) elaborate(cx, a.value, scope);
    return targets.length ? targets.map(() => wrong(e.span)) : [wrong(e.span)];
  }
  if (e.callee === "split") return split(cx, e, scope, targets);
  return [single(cx, e, scope)];
}

/** Everything that can be called and is not a cell. */
const functions: ReadonlySet<string> = new Set([...builtins.keys(), ...reductions, "split", "observed", "softmax"]);

function single(cx: Context, e: CallExpr, scope: Scope): Term {
  if (e.callee === "observed") return observed(cx, e, scope);
  if (e.binders.some((b) => b.in || (e.callee === "softmax" && linkOf(cx, b, scope))))
    return overNeighbours(cx, e, scope);
  if (e.binders.length) return overAxis(cx, e, scope);
  if (e.callee === "pos") return positionAmongSiblings(cx, e, scope);
  if (e.callee === "parent" || isNeighbours(e.callee)) return misplacedNode(cx, e, scope);
  const pair = e.args.length === 2 && e.args.every((a) => !a.name);
  const name = pair && e.callee === "max" ? "maximum" : pair && e.callee === "min" ? "minimum" : e.callee;
  const fn = builtins.get(name);
  if (fn) return applied(cx, fn, e, scope);
  if (later.has(e.callee)) cx.report(notSupported({ place: e.calleeSpan, construct: `\`${e.callee}\`` }), scope.via);
  else {
    const instances = scope.names.all().filter((n) => scope.names.find(n)?.kind === "instance");
    const library = importOf(e.callee);
    const near = library ? undefined : nearest(e.callee, [...functions, ...instances]);
    cx.reportUnknown(
      {
        place: e.calleeSpan,
        name: e.callee,
        what: "function or cell instance",
        near,
        help: library
          ? `a cell of the library: \`${library}\`, \`cell f = ${e.callee}(…)\`, and call \`f(…)\``
          : `for a cell of your own write \`cell ${e.callee} = …\`; to multiply write \`*\` or \`@\``,
      },
      scope.via,
    );
  }
  for (const a of e.args) elaborate(cx, a.value, scope);
  return wrong(e.span);
}

function badArguments(cx: Context, e: CallExpr, scope: Scope, message: string, use: string): Term {
  cx.report(shapes.badArguments({ place: e.span, fn: e.callee, message, usage: use }), scope.via);
  for (const a of e.args) elaborate(cx, a.value, scope);
  return wrong(e.span);
}

function observed(cx: Context, e: CallExpr, scope: Scope): Term {
  const [arg] = e.args;
  const entity = arg?.value.kind === "name" ? scope.names.find(arg.value.name) : undefined;
  if (e.args.length !== 1 || entity?.kind !== "quantity" || entity.quantity.role !== "random") {
    cx.report(
      shapes.badArguments({
        place: e.span,
        fn: "observed",
        message: "`observed` asks about a random",
        usage: "observed(y)",
      }),
      scope.via,
    );
    return wrong(e.span);
  }
  return { kind: "mode", test: { observed: entity.quantity.id }, span: e.span, type: scalar() };
}

/** `sum[s](…)`, `softmax[s](…)`. */
function overAxis(cx: Context, e: CallExpr, scope: Scope): Term {
  const [arg, ...more] = e.args;
  if (!arg || more.length || arg.name)
    return badArguments(cx, e, scope, `\`${e.callee}[…]\` takes one expression`, `${e.callee}[s](…)`);
  if (e.callee === "softmax") {
    const [b, ...others] = e.binders;
    const name = b?.value.kind === "name" ? b.value.name : "";
    const entity = scope.names.find(name);
    if (b && name && !entity) {
      const near = nearest(name, cx.axes.keys());
      const help = `declare \`axis ${name} < …\``;
      cx.reportUnknown({ place: b.span, name, what: "axis", near, help }, scope.via);
      return wrong(e.span);
    }
    if (!b || others.length || b.in || entity?.kind !== "axis")
      return badArguments(cx, e, scope, "`softmax[…]` runs over one variable of an axis", "softmax[s](…)");
    const slot = scope.vars.get(name) ?? entity.slot;
    const term = elaborate(cx, arg.value, scope);
    const t: Term = { kind: "along", slot, arg: term, span: e.span, type: open() };
    unaryShape(cx.solver, term, t.type);
    return t;
  }
  if (!reductions.has(e.callee)) {
    const near = nearest(e.callee, [...reductions, "softmax"]);
    cx.reportUnknown({ place: e.calleeSpan, name: e.callee, what: "reduction", near }, scope.via);
    return wrong(e.span);
  }
  if (e.callee === "argmax" && e.binders.length > 1)
    return badArguments(cx, e, scope, "`argmax[…]` runs over one variable of an axis", "argmax[s](…)");
  const inside = bind(cx, e.binders, scope);
  if (!inside) return wrong(e.span);
  const term = elaborate(cx, arg.value, inside.scope);
  const t: Term = {
    kind: "reduce",
    by: e.callee as ReduceKind,
    slots: inside.bound,
    arg: term,
    ...(e.callee === "mean" ? { lengths: inside.bound.map((s) => extentAlong(s, inside.scope.slots, e.span)) } : {}),
    span: e.span,
    type: e.callee === "argmax" ? indexOf(cx, inside.bound[0] as Slot) : open(),
  };
  if (t.by !== "argmax") unaryShape(cx.solver, term, t.type);
  else
    scalarShape(cx.solver, term, () => {
      const arg = { place: term.span, type: showType(term.type) };
      cx.report(shapes.badArgument({ fn: "argmax[…]", needs: "a number at each index", arg }), scope.via);
    });
  return t;
}

/** What an index of an axis is: a token where the axis runs over a vocabulary. */
const indexOf = (cx: Context, { axis }: Slot): Type => (cx.vocabs.has(axis) ? token(axis) : onAxis(axis));

/** `split(z, n)`: n values of equal size. */
/** Each part has a name on the left, so there are not more. */
const mostParts = 1000;

function split(cx: Context, e: CallExpr, scope: Scope, targets: readonly Wanted[]): readonly Term[] {
  const use = "(a, b) = split(z, 2)";
  const [z, count] = e.args;
  const n = count ? numberOf(cx, count.value, scope.names) : null;
  if (!z || e.args.length !== 2 || n === null || !Number.isInteger(n) || n < 1 || n > mostParts) {
    const message = `\`split\` takes a value and the number of parts, a constant from 1 to ${mostParts}`;
    const t = badArguments(cx, e, scope, message, use);
    return targets.length ? targets.map(() => t) : [t];
  }
  const term = elaborate(cx, z.value, scope);
  const words = targets.map((t) => t.name);
  const name = words.length ? words.join(words.every((w) => w.length <= 2) ? "" : "_") : "split";
  const whole = term.kind === "read" && !term.picks.length ? term : readOf(hoist(cx, term, name, scope), e.span);
  const type = open();
  cx.notePlace(type, e.span, scope.via);
  splitShape(cx.solver, whole, n, type, () =>
    cx.report(
      shapes.badArgument({
        fn: "split",
        needs: `a size that ${n} divides`,
        arg: { place: term.span, type: showType(term.type) },
      }),
      scope.via,
    ),
  );
  return Array.from(
    { length: n },
    (_, part): Term => ({ kind: "split", arg: whole, parts: n, part, span: e.span, type }),
  );
}

/** A function of the table. */
function applied(cx: Context, fn: Builtin, e: CallExpr, scope: Scope): Term {
  const use = usage(fn);
  const options: Record<string, number | string> = {};
  const values: Arg[] = [];
  const sizes: Dim[] = [];
  const extra: Arg[] = [];
  for (const a of e.args) {
    if (!a.name) (values.length < fn.params.length ? values : extra).push(a);
    else if (!fn.options || !Object.hasOwn(fn.options, a.name)) {
      const near = nearest(a.name, Object.keys(fn.options ?? {}));
      return badArguments(
        cx,
        e,
        scope,
        `\`${fn.name}\` has no option \`${a.name}\`${near ? `; did you mean \`${near}\`?` : ""}`,
        use,
      );
    } else {
      const option = optionOf(cx, a.value, scope, fn.options[a.name]);
      if (option === null)
        return badArguments(cx, e, scope, `the option \`${a.name}\` of \`${fn.name}\` must be a constant`, use);
      options[a.name] = option;
    }
  }
  if (fn.dims) {
    const given = extra.flatMap((a) => (a.value.kind === "list" ? a.value.items : [a.value]));
    for (const d of given) {
      const dim = dimOf(cx, d, scope.names);
      if (!dim) return wrong(e.span);
      sizes.push(dim);
    }
  } else
    for (const [i, a] of extra.entries()) {
      const key = fn.positional?.[i];
      const option = key ? optionOf(cx, a.value, scope, fn.options?.[key]) : null;
      if (!key || option === null)
        return badArguments(cx, e, scope, `\`${fn.name}\` takes ${count(fn.params.length)}, not ${e.args.length}`, use);
      options[key] = option;
    }
  if (values.length < fn.params.length)
    return badArguments(cx, e, scope, `\`${fn.name}\` takes ${count(fn.params.length)}, not ${values.length}`, use);
  for (const [key, value] of Object.entries(fn.options ?? {}))
    if (!Object.hasOwn(options, key)) {
      if (value === null) return badArguments(cx, e, scope, `\`${fn.name}\` needs \`${key}\``, use);
      options[key] = value;
    }
  if (options["stride"] === 0) options["stride"] = options["size"] as number;
  const args = values.map((a) => elaborate(cx, a.value, scope));
  const type = open();
  cx.notePlace(type, e.span, scope.via);
  const noise = fn.noisy
    ? cx.quantity({
        id: `${scope.prefix}${fn.name}`,
        name: fn.name,
        role: "noise",
        slots: scope.slots,
        span: e.span,
        type,
        named: false,
        noise: { dist: "bernoulli", params: [1 - (options["p"] as number)] },
        trainingOnly: true,
      })
    : null;
  const call: CallTerm = { kind: "call", fn, args, options, dims: sizes, noise, span: e.span, type };
  const context: CallContext = {
    call,
    solver: cx.solver,
    report: (d) => cx.report(d, scope.via),
    vocabulary: (d) => {
      const name = dims.nameOf(d);
      return name !== null && cx.vocabs.has(name) ? name : null;
    },
    size: (d) => cx.sizeOf(d),
  };
  fn.check(context);
  return call;
}

const count = (n: number): string => (n === 1 ? "one argument" : `${n} arguments`);

/** Options are numbers, or words such as `pad = same`. */
function optionOf(
  cx: Context,
  e: Expr,
  scope: Scope,
  standard: number | string | null | undefined,
): number | string | null {
  if (typeof standard === "string") return e.kind === "name" ? e.name : e.kind === "string" ? e.value : null;
  return numberOf(cx, e, scope.names);
}
