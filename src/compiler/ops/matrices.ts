/** Square matrices: diagonals, systems of equations, determinants. */
import { E, op } from "../system/expr.js";
import { at, defineOp, num, ShapeError } from "./types.js";

function square(shape: readonly number[] | undefined, name: string): number {
  const [n, m] = shape ?? [];
  if (shape?.length !== 2 || n !== m) throw new ShapeError(`${name} needs a square matrix, not [${shape}]`);
  return n as number;
}

/**
 * Gaussian elimination with partial pivoting, A x = b for `columns` right sides at once, in place: `a` [n, n], `b`
 * [n, columns]. Returns the determinant's logarithm: −∞ of a singular matrix, NaN of a negative determinant. The solution of
 * a singular system is not finite.
 */
export function eliminate(a: Float64Array, b: Float64Array, n: number, columns: number): number {
  let log = 0;
  let sign = 1;
  const swap = (x: Float64Array, width: number, i: number, j: number): void => {
    for (let k = 0; k < width; k++) {
      const kept = at(x, i * width + k);
      x[i * width + k] = at(x, j * width + k);
      x[j * width + k] = kept;
    }
  };
  for (let i = 0; i < n; i++) {
    let pivot = i;
    for (let r = i + 1; r < n; r++) if (Math.abs(at(a, r * n + i)) > Math.abs(at(a, pivot * n + i))) pivot = r;
    if (pivot !== i) {
      swap(a, n, i, pivot);
      swap(b, columns, i, pivot);
      sign = -sign;
    }
    const p = at(a, i * n + i);
    log += Math.log(Math.abs(p));
    if (p < 0) sign = -sign;
    for (let r = i + 1; r < n; r++) {
      const f = at(a, r * n + i) / p;
      if (f === 0) continue;
      for (let k = i; k < n; k++) a[r * n + k] = at(a, r * n + k) - f * at(a, i * n + k);
      for (let k = 0; k < columns; k++) b[r * columns + k] = at(b, r * columns + k) - f * at(b, i * columns + k);
    }
  }
  for (let i = n - 1; i >= 0; i--)
    for (let k = 0; k < columns; k++) {
      let s = at(b, i * columns + k);
      for (let j = i + 1; j < n; j++) s -= at(a, i * n + j) * at(b, j * columns + k);
      b[i * columns + k] = s / at(a, i * n + i);
    }
  return sign < 0 && log > Number.NEGATIVE_INFINITY ? Number.NaN : log;
}

const wellPosed = [2, 0.5, -0.3, 0.4, 1.5, 0.2, -0.1, 0.3, 1.2];

export const solve = defineOp({
  name: "solve",
  doc: "The x of A x = b, for a square matrix A and a vector or a matrix b; not finite where A is singular.",
  params: ["A", "b"],
  zero: "never",
  infer: ([A, b]) => {
    const n = square(A, "solve");
    if (!b?.length || b.length > 2 || b[0] !== n) throw new ShapeError(`solve of [${A}] and [${b}]`);
    return [...b];
  },
  eval: ([A, b], _, [s]) => {
    const n = (s as readonly number[])[0] as number;
    const x = Float64Array.from(b as Float64Array);
    eliminate(Float64Array.from(A as Float64Array), x, n, x.length / n);
    return x;
  },
  // b̄ = A⁻ᵀ x̄, Ā = −b̄ xᵀ
  vjp: ({ ct, out, args, outShape }) => {
    const back = op("solve", [E.transpose(args[0] as never), ct]);
    const outer = outShape.length === 1 ? E.outer(back, out) : E.mm(back, E.transpose(out));
    return [E.neg(outer), back];
  },
  samples: [
    { shapes: [[3, 3], [3]], data: [wellPosed, null] },
    {
      shapes: [
        [3, 3],
        [3, 2],
      ],
      data: [wellPosed, null],
    },
    { shapes: [[1, 1], [1]], data: [[-2], null] },
    { shapes: [[2, 2], [2]], data: [[0, 1, 2, 0.5], null] },
  ],
});

export const logdet = defineOp({
  name: "logdet",
  doc: "The logarithm of the determinant of a square matrix: −∞ where it is 0, not a number where it is negative.",
  params: ["A"],
  zero: "never",
  infer: ([A]) => {
    square(A, "logdet");
    return [];
  },
  eval: ([A], _, [s]) => {
    const n = (s as readonly number[])[0] as number;
    return Float64Array.of(eliminate(Float64Array.from(A as Float64Array), new Float64Array(n), n, 1));
  },
  // A⁻ᵀ
  vjp: ({ ct, args, shapes }) => [
    E.scale(ct, op("solve", [E.transpose(args[0] as never), op("eye", [], { n: shapes[0]?.[0] as number })])),
  ],
  samples: [
    { shapes: [[3, 3]], data: [wellPosed] },
    { shapes: [[2, 2]], data: [[0, -1, 2, 0.5]] },
  ],
});

export const diag = defineOp({
  name: "diag",
  doc: "The matrix with a vector on its diagonal and zeros elsewhere.",
  params: ["x"],
  multilinear: true,
  zero: "all",
  infer: ([x]) => {
    if (x?.length !== 1) throw new ShapeError(`diag of [${x}]`);
    return [x[0] as number, x[0] as number];
  },
  eval: ([x]) => {
    const n = (x as Float64Array).length;
    return Float64Array.from({ length: n * n }, (_, k) => (k % (n + 1) === 0 ? at(x, k / (n + 1)) : 0));
  },
  vjp: ({ ct }) => [op("diagonal", [ct])],
  samples: [{ shapes: [[3]] }],
});

export const diagonal = defineOp({
  name: "diagonal",
  doc: "The diagonal of a square matrix: the adjoint of `diag`.",
  params: ["A"],
  multilinear: true,
  zero: "all",
  infer: ([A]) => [square(A, "diagonal")],
  eval: ([A], _, [s]) => {
    const n = (s as readonly number[])[0] as number;
    return Float64Array.from({ length: n }, (_, k) => at(A, k * (n + 1)));
  },
  vjp: ({ ct }) => [op("diag", [ct])],
  samples: [{ shapes: [[3, 3]] }],
});

export const eye = defineOp({
  name: "eye",
  doc: "The identity matrix of size `n`.",
  params: [],
  zero: "never",
  infer: (_, attrs) => [num(attrs, "n"), num(attrs, "n")],
  eval: (_, attrs) => {
    const n = num(attrs, "n");
    return Float64Array.from({ length: n * n }, (_, k) => (k % (n + 1) === 0 ? 1 : 0));
  },
  vjp: () => [],
  samples: [{ shapes: [], attrs: { n: 3 } }],
});
