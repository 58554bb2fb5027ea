/** Square matrices, and windows of images at places that are computed. */
import { badArguments } from "../../diagnostics/check-shapes.js";
import { E, type Expr, op } from "../../system/expr.js";
import type { Dim } from "../dims.js";
import * as dims from "../dims.js";
import type { Term } from "../terms.js";
import { arg, type Builtin, type CallContext, reject, result, type Shape, whenKnown } from "./types.js";

/** A square matrix as argument 0; its size, or null where it is none, which has been reported. */
function squareOf(c: CallContext, s: Shape): Dim | null {
  const [n, m] = s;
  if (s.length !== 2 || !n || !m) {
    reject(c, arg(c.call), "a square matrix");
    return null;
  }
  c.solver.equalDims(n, m, () => reject(c, arg(c.call), "a square matrix"));
  return n;
}

const ones = (n: number): Expr => E.num(1, [n]);
const range = (n: number): Expr => op("range", [], { n });

/**
 * [size, n]: how much the pixel y of n counts for the pixel i of a window that is centred at `at`, −1 the first pixel and 1 the
 * last: a hat over the place, max(0, 1 − |place − y|), as in M. Jaderberg, K. Simonyan, A. Zisserman, K. Kavukcuoglu,
 * "Spatial transformer networks", NeurIPS 2015.
 */
function hats(at: Expr, size: number, n: number): Expr {
  // the centre in pixels, less half of the window
  const first = E.affine((n - 1) / 2, (n - 1) / 2 - (size - 1) / 2, at);
  const places = E.add(E.fill(first, [size]), range(size));
  const away = E.sub(E.outer(places, ones(n)), E.outer(ones(size), range(n)));
  return E.map("relu", E.affine(-1, 1, E.map("abs", away)));
}

/** A window [kh, kw, c] of an image [h, w, c] at a place [2]: rows by one set of hats, columns by another. */
function crop(x: Expr, at: Expr, [h, w, c]: readonly number[], [kh, kw]: readonly number[]): Expr {
  const [H, W, C, KH, KW] = [h, w, c, kh, kw] as [number, number, number, number, number];
  const place = (k: number): Expr => op("pick", [at, op("token", [], { value: k })]);
  const byRows = E.mm(hats(place(0), KH, H), E.reshape(x, [H, W * C]));
  const turned = E.reshape(E.transpose(byRows), [W, C * KH]);
  const byColumns = E.mm(hats(place(1), KW, W), turned);
  return E.reshape(E.transpose(E.reshape(byColumns, [KW * C, KH])), [KH, KW, C]);
}

export const matrixFunctions: readonly Builtin[] = [
  {
    name: "diag",
    doc: "Of a vector the matrix with it on the diagonal; of a square matrix its diagonal.",
    params: ["x"],
    check: (c) =>
      whenKnown(c, c.call.args, (s) => {
        if (s.length === 1) return result(c, [s[0] as Dim, s[0] as Dim]);
        if (s.length !== 2) return reject(c, arg(c.call), "a vector or a square matrix");
        const n = squareOf(c, s);
        if (n) result(c, [n]);
      }),
    lower: (l, t) => op(l.shape(arg(t)).length === 1 ? "diag" : "diagonal", [l.tensor(arg(t))]),
  },
  {
    name: "eye",
    doc: "The identity matrix of a size: `eye(N)`.",
    params: [],
    dims: true,
    check: (c) => {
      const [n] = c.call.dims;
      if (n && c.call.dims.length === 1) return result(c, [n, n]);
      c.report(badArguments({ place: c.call.span, fn: "eye", message: "`eye` takes one size", usage: "eye(N)" }));
      result(c, [n ?? dims.number(1), n ?? dims.number(1)]);
    },
    lower: (l, t) => op("eye", [], { n: l.shape(t)[0] as number }),
  },
  {
    name: "solve",
    doc: "The x of A @ x = b, for a vector or a matrix b.",
    params: ["A", "b"],
    check: (c) =>
      whenKnown(c, c.call.args, (A, b) => {
        const n = squareOf(c, A);
        if (!n) return;
        if (!b.length || b.length > 2) return reject(c, arg(c.call, 1), "a vector or a matrix");
        c.solver.equalDims(b[0] as Dim, n, () => reject(c, arg(c.call, 1), `${dims.show(n)} rows`));
        result(c, b);
      }),
    lower: (l, t) => op("solve", [l.tensor(arg(t)), l.tensor(arg(t, 1))]),
  },
  {
    name: "logdet",
    doc: "The logarithm of the determinant of a square matrix; not a number where that is negative.",
    params: ["A"],
    check: (c) => whenKnown(c, c.call.args, (s) => void (squareOf(c, s) && result(c, []))),
    lower: (l, t) => op("logdet", [l.tensor(arg(t))]),
  },
  {
    name: "crop",
    doc:
      "A window [kh, kw] of an image around a place, interpolated between pixels and 0 outside: `crop(x, at, [kh, kw])` with " +
      "`at` the row and the column of its centre, from −1 (the first pixel) to 1 (the last).",
    params: ["x", "at"],
    dims: true,
    check: (c) =>
      whenKnown(c, c.call.args, (x, at) => {
        if (x.length !== 2 && x.length !== 3)
          return reject(c, arg(c.call), "an image [height, width] or [height, width, channels]");
        const two = (): void => reject(c, arg(c.call, 1), "a place [2]: a row and a column");
        if (at.length !== 1) return two();
        c.solver.equalDims(at[0] as Dim, dims.number(2), two);
        if (c.call.dims.length !== 2)
          return reject(c, arg(c.call), "a window size beside the image, `crop(x, at, [3, 3])`");
        result(c, [...c.call.dims, ...x.slice(2)]);
      }),
    lower: (l, t) => {
      const [image, at] = t.args as [Term, Term];
      const shape = l.shape(image);
      const window = crop(
        l.tensor(image),
        l.tensor(at),
        [shape[0] as number, shape[1] as number, shape[2] ?? 1],
        l.shape(t),
      );
      return shape.length === 3 ? window : E.reshape(window, l.shape(t));
    },
  },
];
