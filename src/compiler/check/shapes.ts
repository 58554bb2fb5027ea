/** The shape rules of operators (R2–R5): which types they connect, and what an unknown parameter becomes beside them. */
import type { Label } from "../diagnostics/types.js";
import type { Dim } from "./dims.js";
import * as dims from "./dims.js";
import { give, type Solver, spoil } from "./solve.js";
import type { Term } from "./terms.js";
import { isPoison, knownOf, setKnown, shapeOf, showType, type Type } from "./types.js";

/** Is this a parameter (or a part of an expression that is as open as one) whose shape its use decides? */
const isOpenParam = (t: Term): boolean =>
  t.kind === "read" && (t.of.role === "param" || t.of.role === "frozen") && !t.picks.length && knownOf(t.type) === null;

/** A literal number fits every shape and tells none. */
export const isLiteral = (t: Term): boolean =>
  t.kind === "number" ||
  t.kind === "size" ||
  (t.kind === "unary" && isLiteral(t.arg)) ||
  (t.kind === "binary" && isLiteral(t.left) && isLiteral(t.right));

const float = (shape: readonly Dim[]): { kind: "float"; shape: readonly Dim[] } => ({ kind: "float", shape });

/** What is told when shapes do not fit; `help` may depend on what is known by then. */
export type Mismatch = (what: string, left: Term, right: Term, help?: string) => void;

/** result = f(arg), entry by entry. */
export function unaryShape(solver: Solver, arg: Term, result: Type): void {
  solver.add(
    () => {
      if (isPoison(arg.type)) spoil(result);
      const s = shapeOf(arg.type);
      if (s) give(solver, result, s);
      return s !== null || isPoison(arg.type);
    },
    () => {
      const r = shapeOf(result);
      if (!r || knownOf(arg.type)) return false;
      setKnown(arg.type, float(r));
      return true;
    },
  );
}

/** Features equal or scalar (R4). */
export function broadcastShape(
  solver: Solver,
  what: string,
  left: Term,
  right: Term,
  result: Type,
  mismatch: Mismatch,
): void {
  const wrong = (): void => {
    mismatch(what, left, right);
    spoil(result);
  };
  /** One side is known: what follows for the result and the other side. */
  const half = (known: Term, s: readonly Dim[], other: Term): boolean => {
    if (s.length === 0) {
      if (isOpenParam(other) && isLiteral(known) && !knownOf(result)) solver.equalTypes(result, other.type, wrong);
      return false;
    }
    if (!knownOf(result)) setKnown(result, float(s));
    if (!isOpenParam(other)) return false;
    setKnown(other.type, float(s)); // R5: the other operand's whole shape
    return true;
  };
  solver.add(
    () => {
      if (isPoison(left.type) || isPoison(right.type)) {
        spoil(result);
        return true;
      }
      const [a, b] = [shapeOf(left.type), shapeOf(right.type)];
      if (a && b) {
        if (a.length && b.length) solver.equalShapes(a, b, wrong);
        give(solver, result, a.length ? a : b);
        return true;
      }
      if (a) return half(left, a, right);
      return b ? half(right, b, left) : false;
    },
    () => {
      const r = shapeOf(result);
      const open = [left, right].filter((t) => !knownOf(t.type));
      const [one] = open;
      const other = one === left ? right : left;
      if (!one || (open.length > 1 && !r)) return false;
      const s = r ?? (isOpenParam(one) && !isLiteral(other) ? shapeOf(other.type) : null);
      if (!s) return false;
      setKnown(one.type, float(s));
      return true;
    },
  );
}

type Contract = Extract<Term, { kind: "contract" }>;

/** `a @ b`: what stands left of it is a matrix unless it says otherwise (R5). */
export function contractShape(solver: Solver, t: Contract, mismatch: Mismatch, row: (help: string) => void): void {
  const { left, right, type: result } = t;
  const wrong = (help?: string): void => {
    mismatch("`@`", left, right, help);
    spoil(result);
  };
  const inner = (a: Dim, b: Dim, help?: () => string | undefined): void =>
    solver.equalDims(a, b, () => wrong(help?.()));
  solver.add(
    () => {
      if (isPoison(left.type) || isPoison(right.type)) {
        spoil(result);
        return true;
      }
      let a = shapeOf(left.type);
      const b = shapeOf(right.type);
      if (a?.length === 0 || b?.length === 0) {
        const scalar = a?.length === 0 ? left : right;
        wrong(`multiply by a number with \`*\`, or make it a vector of one entry: \`[${sketch(scalar)}]\``);
        spoilOpen(left, right);
        return true;
      }
      if (!a && b && b.length && isOpenParam(left)) {
        const [rows, columns] = [solver.unknown(), contractedDim(b, t.rightTransposed)];
        a = t.leftTransposed ? [columns, rows] : [rows, columns];
        setKnown(left.type, float(a));
      }
      if (!a || !b) return false;
      contractKnown(a, b, t, {
        inner,
        wrong,
        row: (help) => {
          row(help);
          spoil(result);
        },
        give: (s) => give(solver, result, s),
      });
      return true;
    },
    () => {
      const a = shapeOf(left.type);
      if (a?.length !== 2 || knownOf(right.type) || t.rightTransposed) return false;
      setKnown(right.type, float([a[t.leftTransposed ? 0 : 1] as Dim]));
      return true;
    },
  );
}

/** A parameter in a wrong place has no shape, and that is not another mistake. */
const spoilOpen = (...terms: readonly Term[]): void => {
  for (const t of terms) if (isOpenParam(t)) spoil(t.type);
};

const contractedDim = (b: readonly Dim[], transposed: boolean): Dim =>
  (transposed && b.length === 2 ? b[1] : b[0]) as Dim;
const sketch = (t: Term): string => (t.kind === "read" ? `${t.of.name}${t.idx.length ? "[…]" : ""}` : "…");

interface Verdict {
  inner(a: Dim, b: Dim, help?: () => string | undefined): void;
  wrong(help?: string): void;
  row(help: string): void;
  give(s: readonly Dim[]): void;
}

function contractKnown(a: readonly Dim[], b: readonly Dim[], t: Contract, v: Verdict): void {
  if (a.length > 2 || b.length > 2) return v.wrong("`@` is for vectors and matrices; `reshape` or `flatten` first");
  const [a0, a1] = a as [Dim, Dim];
  const [b0, b1] = b as [Dim, Dim];
  if (a.length === 2) {
    const [rows, columns] = t.leftTransposed ? [a1, a0] : [a0, a1];
    if (b.length === 1 && t.rightTransposed) return v.row("a matrix times a row is nothing; drop the `'`");
    const fits = (): string | undefined => {
      if (!dims.same(rows, contractedDim(b, t.rightTransposed))) return undefined;
      const name = sketch(t.left);
      return t.leftTransposed
        ? `did you mean \`${name} @ …\` without the \`'\`?`
        : `did you mean \`${name}' @ …\` (transpose)?`;
    };
    v.inner(columns, contractedDim(b, t.rightTransposed), fits);
    return v.give(b.length === 1 ? [rows] : [rows, t.rightTransposed ? b0 : b1]);
  }
  if (b.length === 1) {
    if (t.rightTransposed) return t.leftTransposed ? v.row("write `u' @ v` or `u @ v'`") : v.give([a0, b0]);
    v.inner(a0, b0, () => "a vector times a vector is their dot product; an outer product is `u @ v'`");
    return v.give([]);
  }
  v.row(
    `vector times matrix is a row; write \`${sketch(t.right)}${t.rightTransposed ? "" : "'"} @ ${sketch(t.left)}\``,
  );
}

/** Labels that tell from where the shapes of the names in a term follow. */
export function reasons(...terms: readonly Term[]): Label[] {
  const out = new Map<string, Label>();
  const note = (t: Term): void => {
    if (t.kind === "read") {
      const { of } = t;
      const stated = of.declared || of.role === "input" || of.role === "random";
      const place = stated ? of.span : (of.definition?.span ?? of.reads[0] ?? of.span);
      const text = stated
        ? `\`${of.name}\` is ${showType(of.type)} by this`
        : of.definition
          ? `\`${of.name}\` is ${showType(of.type)}, inferred from this`
          : `\`${of.name}\` is ${showType(of.type)}, inferred from this use`;
      const inside = terms.some((x) => x.span.start === place.start && x.span.end === place.end);
      if (!inside && knownOf(of.type))
        out.set(of.id, {
          span: { start: place.start, end: place.end },
          text,
          ...(place.file ? { file: place.file } : {}),
        });
    }
    for (const part of partsOf(t)) note(part);
  };
  for (const t of terms) note(t);
  return [...out.values()].slice(0, 4);
}

/** The terms inside a term. */
export function partsOf(t: Term): readonly Term[] {
  switch (t.kind) {
    case "read":
      return t.picks;
    case "unary":
    case "transpose":
    case "split":
    case "reduce":
    case "along":
      return [t.arg];
    case "gather":
      return [t.arg, ...t.at.map((g) => g.index)];
    case "mapped":
      return [t.arg, t.index];
    case "binary":
    case "contract":
      return [t.left, t.right];
    case "if":
      return [t.cond, t.then, t.else];
    case "concat":
      return t.parts;
    case "call":
      return t.args;
    case "number":
    case "size":
    case "index":
    case "extent":
    case "literal":
    case "mode":
    case "wrong":
      return [];
  }
}
