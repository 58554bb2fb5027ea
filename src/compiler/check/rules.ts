/** The shape rules of everything that is no operator on two shapes: concatenation, indices, branches, definitions. */
import type { Context } from "./context.js";
import type { Dim } from "./dims.js";
import * as dims from "./dims.js";
import { leastShape } from "./least-shape.js";
import { broadcastShape, isLiteral, type Mismatch } from "./shapes.js";
import { give, type Solver, spoil } from "./solve.js";
import type { Term } from "./terms.js";
import { isPoison, isToken, type Known, knownOf, setKnown, shapeOf, type Type } from "./types.js";

export function transposeShape(
  solver: Solver,
  t: Extract<Term, { kind: "transpose" }>,
  row: (help: string) => void,
  mismatch: Mismatch,
): void {
  solver.add(() => {
    const s = shapeOf(t.arg.type);
    if (isPoison(t.arg.type)) spoil(t.type);
    if (!s) return isPoison(t.arg.type);
    if (s.length === 2) give(solver, t.type, [s[1] as Dim, s[0] as Dim]);
    else {
      if (s.length === 1) row("a transposed vector stands beside `@` only: `u' @ v` or `u @ v'`");
      else mismatch("`'`", t.arg, t.arg, "only a matrix can be transposed");
      spoil(t.type);
    }
    return true;
  });
}

/** `[a; b]`: along the first dim; a scalar counts as one entry (R3). */
export function concatShape(solver: Solver, t: Extract<Term, { kind: "concat" }>, mismatch: Mismatch): void {
  solver.add(() => {
    if (t.parts.some((p) => isPoison(p.type))) {
      spoil(t.type);
      return true;
    }
    const shapes = t.parts.map((p) => shapeOf(p.type));
    if (shapes.some((s) => s === null)) return false;
    const full = (shapes as (readonly Dim[])[]).map((s) => (s.length ? s : [dims.number(1)]));
    const [first] = full as [readonly Dim[]];
    for (const [i, s] of full.entries()) {
      const wrong = (): void => {
        mismatch(
          "`[…; …]`",
          t.parts[0] as Term,
          t.parts[i] as Term,
          "parts are joined along the first dim; the others must be equal",
        );
        spoil(t.type);
      };
      if (s.length !== first.length) {
        wrong();
        return true;
      }
      solver.equalShapes(first.slice(1), s.slice(1), wrong);
    }
    give(solver, t.type, [full.reduce<Dim>((n, s) => dims.plus(n, s[0] as Dim), []), ...first.slice(1)]);
    return true;
  });
}

/** `split(z, n)`: all parts have one shape. */
export function splitShape(solver: Solver, z: Term, parts: number, type: Type, wrong: () => void): void {
  solver.add(() => {
    const s = shapeOf(z.type);
    if (isPoison(z.type)) spoil(type);
    if (!s) return isPoison(z.type);
    if (!s.length) {
      wrong();
      spoil(type);
      return true;
    }
    const part = solver.unknown();
    solver.equalDims(dims.scaled(parts, part), s[0] as Dim, () => {
      wrong();
      spoil(type);
    });
    give(solver, type, [part, ...s.slice(1)]);
    return true;
  });
}

/** Indices on dims: a token of that vocabulary, a variable of an axis as long as the dim, or a number. */
export function pickShape(
  cx: Context,
  t: Extract<Term, { kind: "read" }>,
  base: Type,
  wrong: (pick: Term, message: string, help?: string) => void,
): void {
  const { name } = t.of;
  cx.solver.add(() => {
    const s = shapeOf(base);
    if (isPoison(base) || t.picks.some((p) => isPoison(p.type))) {
      spoil(t.type);
      return true;
    }
    if (!s || t.picks.some((p) => p.kind !== "literal" && !knownOf(p.type))) return false;
    if (isToken(base) || s.length < t.picks.length) {
      wrong(t.picks[isToken(base) ? 0 : s.length] as Term, `\`${name}\` has no more dims to index`);
      return true;
    }
    for (const [i, p] of t.picks.entries()) {
      const d = s[i] as Dim;
      const k = knownOf(p.type);
      const axis = p.kind === "index" ? p.slot.axis : k?.kind === "position" ? k.axis : undefined;
      const size = axis === undefined ? null : cx.axes.get(axis)?.size;
      const vocab = dims.nameOf(d);
      if (p.kind === "literal") {
        if (vocab && cx.vocabs.has(vocab))
          cx.solver.equalTypes(p.type, { known: { kind: "token", vocab }, same: null }, () => undefined);
        else wrong(p, `this dim of \`${name}\` is ${dims.show(d)}, no vocabulary`);
      } else if (k?.kind === "token") {
        const other = `this dim of \`${name}\` is ${dims.show(d)}, and the index a token of ${k.vocab}`;
        const help =
          i === 0 && s.length === 2 && dims.same(s[1] as Dim, dims.named(k.vocab))
            ? `a column is \`${name} @ …\``
            : undefined;
        cx.solver.equalDims(d, dims.named(k.vocab), () => wrong(p, other, help));
      } else if (size)
        cx.solver.equalDims(d, size, () =>
          wrong(p, `this dim of \`${name}\` is ${dims.show(d)}, and the index runs over ${dims.show(size)}`),
        );
      else if (p.kind === "number" && Number.isInteger(p.value) && p.value >= 0) {
        const n = cx.sizeOf(d);
        if (n !== null && p.value >= n)
          wrong(p, `this dim of \`${name}\` has ${n} entries, so its indices are 0 to ${n - 1}`);
      } else
        wrong(
          p,
          `a dim of \`${name}\` is indexed by a token, by the variable of an axis that is as long (or a position on it), or by a number`,
        );
      if (isPoison(t.type)) return true;
    }
    give(cx.solver, t.type, s.slice(t.picks.length));
    return true;
  });
}

/** A number beside a token of a vocabulary of numbers is that token. */
function asNumeral({ numbered }: Solver, term: Term, other: Known | null): void {
  if (term.kind !== "number" || other?.kind !== "token" || isToken(term.type)) return;
  const isOne = Number.isInteger(term.value) && term.value >= 0 && term.value < (numbered.get(other.vocab) ?? 0);
  if (isOne) setKnown(term.type, other);
}

/** Is a term the variable of an axis over the vocabulary of what it is compared with? */
export const isEntry = (t: Term, other: Known | null): boolean =>
  t.kind === "index" && other?.kind === "token" && t.slot.axis === other.vocab;

/** `==`: two tokens of one vocabulary are one truth value, everything else is compared entry by entry. */
export function compareShape(
  solver: Solver,
  what: string,
  left: Term,
  right: Term,
  result: Type,
  mismatch: Mismatch,
): void {
  solver.add(() => {
    if (isPoison(left.type) || isPoison(right.type)) {
      spoil(result);
      return true;
    }
    asNumeral(solver, left, knownOf(right.type));
    asNumeral(solver, right, knownOf(left.type));
    const [a, b] = [knownOf(left.type), knownOf(right.type)];
    if (isEntry(left, b) || isEntry(right, a)) {
      give(solver, result, []);
      return true;
    }
    if (a?.kind === "token" || b?.kind === "token") {
      const wrong = (): void => mismatch(what, left, right, "tokens are compared with tokens of their own vocabulary");
      if (!a && right.kind !== "literal" && left.kind !== "literal") return false;
      if (!b && right.kind !== "literal" && left.kind !== "literal") return false;
      solver.equalTypes(left.type, right.type, wrong);
      give(solver, result, []);
      return true;
    }
    if (!a || !b) return false;
    broadcastShape(solver, what, left, right, result, mismatch);
    return true;
  });
}

/** Both branches are tokens of one vocabulary, or both numbers. */
export function branchShape(solver: Solver, t: Extract<Term, { kind: "if" }>, mismatch: Mismatch): void {
  const { then: yes, else: no, type: result } = t;
  solver.add(() => {
    if (isPoison(yes.type) || isPoison(no.type) || isPoison(t.cond.type)) {
      spoil(result);
      return true;
    }
    asNumeral(solver, yes, knownOf(no.type));
    asNumeral(solver, no, knownOf(yes.type));
    const [a, b] = [knownOf(yes.type), knownOf(no.type)];
    if (!a && !b) return false;
    const tokens = a?.kind === "token" ? a : b?.kind === "token" ? b : null;
    if (tokens && (!a || !b || a.kind === b.kind)) {
      solver.equalTypes(yes.type, no.type, () => mismatch("`if`", yes, no, "both branches must be of one vocabulary"));
      if (!knownOf(result)) setKnown(result, tokens);
      return true;
    }
    if (a?.kind === "position" && b?.kind === "position" && a.axis === b.axis) {
      if (!knownOf(result)) setKnown(result, a);
      return true;
    }
    broadcastShape(solver, "`if`", yes, no, result, mismatch);
    return true;
  });
  solver.add(() => {
    const [c, r] = [shapeOf(t.cond.type), shapeOf(result)];
    if (isPoison(t.cond.type) || isPoison(result)) return true;
    if (!c || !r) return false;
    if (c.length)
      solver.equalShapes(c, isToken(result) ? [] : r, () =>
        mismatch("`if`", t.cond, t, "the condition is a scalar, or of the shape of the branches"),
      );
    return true;
  });
}

/** Can a value of shape `b` define one of shape `a`? A scalar fills, and one entry is a scalar. */
function joins(solver: Solver, a: Known, b: Known, fills: boolean, wrong: () => void): void {
  if (a.kind === "poison" || b.kind === "poison") return;
  if (a.kind === "token" || b.kind === "token") {
    if (a.kind !== b.kind || (a.kind === "token" && b.kind === "token" && a.vocab !== b.vocab)) wrong();
    return;
  }
  if (a.kind === "position" && b.kind === "position") return a.axis === b.axis ? undefined : wrong();
  const [to, from] = [a, b].map((k) => (k.kind === "position" ? [] : k.shape)) as [readonly Dim[], readonly Dim[]];
  if (to.length === from.length) return solver.equalShapes(to, from, wrong);
  if (from.length === 0 && fills) return;
  if (to.length === 0 && from.length === 1) return solver.equalDims(from[0] as Dim, dims.number(1), wrong);
  wrong();
}

/** A number can be a position, so an expression that defines one is a number until it says otherwise itself. */
const asNumber = (k: Known): Known => (k.kind === "position" ? { kind: "float", shape: [] } : k);

/** `name = term`: what is not stated is inferred from the right side. */
export function defineShape(solver: Solver, type: Type, term: Term, wrong: () => void): void {
  solver.add(
    () => {
      if (isPoison(term.type)) {
        if (!knownOf(type)) spoil(type);
        return true;
      }
      asNumeral(solver, term, knownOf(type));
      const [a, b] = [knownOf(type), knownOf(term.type)];
      if (!b) return a?.kind === "poison";
      if (a) joins(solver, a, b, true, wrong);
      else setKnown(type, b);
      return true;
    },
    () => {
      const a = knownOf(type);
      if (!a || knownOf(term.type)) return false;
      setKnown(term.type, asNumber(a));
      return true;
    },
  );
  solver.add(
    () => knownOf(type) !== null || knownOf(term.type) !== null,
    () => {
      const shape = leastShape(term);
      if (shape) setKnown(type, { kind: "float", shape });
      return shape !== null;
    },
    2, // where nothing else decides
  );
}

/** `h[-1] = term`: it fits the value, and tells its shape only where the equation does not. */
export function clauseShape(solver: Solver, type: Type, term: Term, wrong: () => void): void {
  solver.add(
    () => {
      if (isPoison(term.type)) return true;
      asNumeral(solver, term, knownOf(type));
      const [a, b] = [knownOf(type), knownOf(term.type)];
      if (a?.kind === "token" && !b) {
        solver.equalTypes(term.type, type, wrong);
        return true;
      }
      if (!a || !b) return a?.kind === "poison";
      joins(solver, a, b, true, wrong);
      return true;
    },
    () => {
      const [a, b] = [knownOf(type), knownOf(term.type)];
      if (a && !b) setKnown(term.type, asNumber(a));
      else if (!a && b && !isLiteral(term)) setKnown(type, b);
      else return false;
      return true;
    },
  );
}

/** A parameter of a distribution, a weight: a scalar, or one entry. */
export function scalarShape(solver: Solver, term: Term, wrong: () => void): void {
  defineShape(solver, { known: { kind: "float", shape: [] }, same: null }, term, wrong);
}

/** An argument of a cell: of the stated shape, a token as its one-hot vector. `type` is what it is inside the cell. */
export function formalShape(
  solver: Solver,
  given: Term,
  stated: readonly Dim[],
  type: Type,
  mismatch: () => void,
): void {
  const wrong = (): void => {
    mismatch();
    spoil(type);
  };
  solver.add(
    () => {
      if (isPoison(given.type)) spoil(type);
      const known = knownOf(given.type);
      const s = shapeOf(given.type);
      if (!known || !s) return known !== null;
      solver.equalShapes(s, stated, wrong);
      if (!isPoison(type)) setKnown(type, known);
      return true;
    },
    () => {
      if (knownOf(given.type)) return false;
      setKnown(given.type, { kind: "float", shape: stated });
      return true;
    },
    1, // what the equation of the argument itself says comes first
  );
}

/** An argument or result of an open shape `[H, ..]`: the dims that are stated, then `rest`, which all open shapes of a call share. */
export function openShape(
  solver: Solver,
  given: Term,
  stated: readonly Dim[],
  rest: Type,
  mismatch: (wanted: readonly Dim[]) => void,
): void {
  const wrong = (): void => {
    mismatch([...stated, ...(shapeOf(rest) ?? [])]);
    spoil(given.type);
  };
  solver.add(
    () => {
      if (isPoison(given.type) || isPoison(rest)) return true;
      const shape = shapeOf(given.type);
      if (!shape) return false;
      if (shape.length < stated.length) wrong();
      else {
        const known = shapeOf(rest);
        if (!known) setKnown(rest, { kind: "float", shape: shape.slice(stated.length) });
        solver.equalShapes(shape, [...stated, ...(known ?? shape.slice(stated.length))], wrong);
      }
      return true;
    },
    () => {
      const known = shapeOf(rest);
      if (!known || knownOf(given.type)) return false;
      setKnown(given.type, { kind: "float", shape: [...stated, ...known] });
      return true;
    },
    1, // what the equation of the argument itself says comes first
  );
}
