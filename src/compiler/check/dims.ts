/**
 * Sizes of features, symbolically: polynomials with rational coefficients over named dims, vocabulary sizes and unknowns.
 * Named dims are nominal: `dim E = 128` is not `dim H = 128`. Unknowns are solved by unification.
 */

export interface Unknown {
  readonly id: number;
  value: Dim | null;
}

export type Atom = string | Unknown;

interface Monomial {
  readonly factor: number;
  readonly atoms: readonly Atom[];
}

export type Dim = readonly Monomial[];

const keyOf = (a: Atom): string => (typeof a === "string" ? a : `?${String(a.id).padStart(8, "0")}`);
const monomialKey = (m: Monomial): string => m.atoms.map(keyOf).join("*");

function normal(monomials: readonly Monomial[]): Dim {
  const sums = new Map<string, Monomial>();
  for (const m of monomials) {
    const sorted = { ...m, atoms: [...m.atoms].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)) };
    const key = monomialKey(sorted);
    sums.set(key, { ...sorted, factor: sorted.factor + (sums.get(key)?.factor ?? 0) });
  }
  return [...sums.values()].filter((m) => Math.abs(m.factor) > 1e-9);
}

export const number = (n: number): Dim => normal([{ factor: n, atoms: [] }]);
export const named = (name: string): Dim => [{ factor: 1, atoms: [name] }];
/** A size to be found out; `id` tells it from the other unknowns of one check. */
export const unknown = (id: number): Dim => [{ factor: 1, atoms: [{ id, value: null }] }];
export const plus = (a: Dim, b: Dim): Dim => normal([...a, ...b]);
export const times = (a: Dim, b: Dim): Dim =>
  normal(a.flatMap((x) => b.map((y) => ({ factor: x.factor * y.factor, atoms: [...x.atoms, ...y.atoms] }))));
export const scaled = (k: number, a: Dim): Dim => normal(a.map((m) => ({ ...m, factor: k * m.factor })));
export const minus = (a: Dim, b: Dim): Dim => plus(a, scaled(-1, b));

/** With what is known of the unknowns put in. */
export function resolve(d: Dim): Dim {
  if (!d.some((m) => m.atoms.some((a) => typeof a !== "string" && a.value))) return d;
  return resolve(
    d.reduce<Dim>((sum, m) => {
      const parts = m.atoms.map(
        (a): Dim => (typeof a === "string" || !a.value ? [{ factor: 1, atoms: [a] }] : a.value),
      );
      return plus(sum, parts.reduce(times, number(m.factor)));
    }, []),
  );
}

export const unknownsOf = (d: Dim): Unknown[] => [
  ...new Set(resolve(d).flatMap((m) => m.atoms.filter((a): a is Unknown => typeof a !== "string"))),
];

/** The number, if there is nothing but one. */
export function constant(d: Dim): number | null {
  const r = resolve(d);
  if (r.length === 0) return 0;
  const [only] = r;
  return r.length === 1 && only && only.atoms.length === 0 ? only.factor : null;
}

/** The name, if the dim is exactly one. */
export function nameOf(d: Dim): string | null {
  const [only, ...rest] = resolve(d);
  const [atom, ...more] = only?.atoms ?? [];
  return only?.factor === 1 && !rest.length && !more.length && typeof atom === "string" ? atom : null;
}

export const same = (a: Dim, b: Dim): boolean => resolve(minus(a, b)).length === 0;

/** Makes two dims equal by solving for an unknown. `later`: more has to be known first. */
export function unify(a: Dim, b: Dim): "equal" | "different" | "later" {
  const d = resolve(minus(a, b));
  if (d.length === 0) return "equal";
  const free = unknownsOf(d);
  if (free.length === 0) return "different";
  const linear = (u: Unknown): Monomial | undefined => {
    const having = d.filter((m) => m.atoms.includes(u));
    const [only] = having;
    return having.length === 1 && only?.atoms.length === 1 ? only : undefined;
  };
  // an unknown by itself on one side is that side; otherwise at most one unknown per sum (R5)
  for (const side of [a, b]) {
    const [only, ...rest] = resolve(side);
    const [u] = only?.atoms ?? [];
    if (only?.factor === 1 && !rest.length && only.atoms.length === 1 && typeof u === "object" && linear(u)) {
      solve(u, linear(u) as Monomial, d);
      return "equal";
    }
  }
  const [u] = free;
  const m = free.length === 1 && u ? linear(u) : undefined;
  if (!u || !m) return "later";
  const size = constant(
    scaled(
      -1 / m.factor,
      d.filter((x) => x !== m),
    ),
  );
  if (size !== null && (size <= 0 || !Number.isInteger(size))) return "different";
  solve(u, m, d);
  return "equal";
}

function solve(u: Unknown, m: Monomial, d: Dim): void {
  u.value = scaled(
    -1 / m.factor,
    d.filter((x) => x !== m),
  );
}

/** In the user's names: `4*H`, `H + E`, `H div 2`; what is not known is `_`. */
export function show(d: Dim): string {
  const r = resolve(d);
  if (!r.length) return "0";
  return r
    .map((m, i) => {
      const names = m.atoms.map((a) => (typeof a === "string" ? a : "_")).join("*");
      const f = Math.abs(m.factor);
      const sign = m.factor < 0 ? (i ? " - " : "-") : i ? " + " : "";
      if (!names) return `${sign}${f}`;
      if (f === 1) return `${sign}${names}`;
      const parts = 1 / f;
      if (Math.abs(parts - Math.round(parts)) < 1e-9) return `${sign}${names} div ${Math.round(parts)}`;
      return `${sign}${f}*${names}`;
    })
    .join("");
}

export const showShape = (shape: readonly Dim[]): string =>
  shape.length ? `[${shape.map(show).join(", ")}]` : "a scalar";

/** The number that a dim is, given the sizes of names; NaN while one is not known. */
export function evaluate(d: Dim, sizes: ReadonlyMap<string, number>): number {
  const n = resolve(d).reduce(
    (sum, m) =>
      sum + m.atoms.reduce((p, a) => p * (typeof a === "string" ? (sizes.get(a) ?? Number.NaN) : Number.NaN), m.factor),
    0,
  );
  return Math.abs(n - Math.round(n)) < 1e-6 ? Math.round(n) : n;
}
