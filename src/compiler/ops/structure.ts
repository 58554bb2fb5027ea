/** Ops that move features: slices and concatenations act on the first dim. */
import { E, type Expr, op } from "../system/expr.js";
import { product } from "../system/types.js";
import { allEqual, defineOp, dtypeOfFirst, num, nums, ShapeError } from "./types.js";

const rest = (shape: readonly number[] | undefined): number => product((shape ?? []).slice(1));

export const slice = defineOp({
  name: "slice",
  doc: "`len` entries of the first dim, from `from`.",
  params: ["x"],
  multilinear: true,
  zero: "all",
  infer: ([x], attrs) => {
    const [from, len] = [num(attrs, "from"), num(attrs, "len")];
    if (!x?.length || from + len > (x[0] as number)) throw new ShapeError(`slice ${from}+${len} of [${x}]`);
    return [len, ...x.slice(1)];
  },
  eval: ([x], attrs, [s]) =>
    (x as Float64Array).slice(num(attrs, "from") * rest(s), (num(attrs, "from") + num(attrs, "len")) * rest(s)),
  vjp: ({ ct, attrs, shapes }) => [E.pad(ct, num(attrs, "from"), shapes[0]?.[0] as number)],
  samples: [
    { shapes: [[5]], attrs: { from: 1, len: 3 } },
    { shapes: [[3, 2]], attrs: { from: 1, len: 1 } },
  ],
});

export const pad = defineOp({
  name: "pad",
  doc: "x at `from` among zeros, `total` entries in the first dim: the adjoint of `slice`.",
  params: ["x"],
  multilinear: true,
  zero: "all",
  infer: ([x], attrs) => [num(attrs, "total"), ...(x as readonly number[]).slice(1)],
  eval: ([x], attrs, [s]) => {
    const out = new Float64Array(num(attrs, "total") * rest(s));
    out.set(x as Float64Array, num(attrs, "from") * rest(s));
    return out;
  },
  vjp: ({ ct, attrs, shapes }) => [E.slice(ct, num(attrs, "from"), shapes[0]?.[0] as number)],
  samples: [{ shapes: [[2]], attrs: { from: 1, total: 4 } }],
});

export const concat = defineOp({
  name: "concat",
  doc: "Concatenation along the first dim.",
  params: ["x…"],
  zero: "all",
  infer: (shapes) => {
    const tail = (shapes[0] as readonly number[]).slice(1);
    for (const s of shapes)
      if (!s.length || s.slice(1).join() !== tail.join())
        throw new ShapeError(`concat of ${shapes.map((q) => `[${q}]`).join(" ")}`);
    return [shapes.reduce((n, s) => n + (s[0] as number), 0), ...tail];
  },
  eval: (xs) => Float64Array.from(xs.flatMap((x) => [...x])),
  vjp: ({ ct, shapes }) => {
    let from = 0;
    return shapes.map((s) => {
      const part = E.slice(ct, from, s[0] as number);
      from += s[0] as number;
      return part;
    });
  },
  samples: [
    { shapes: [[2], [3]] },
    {
      shapes: [
        [1, 2],
        [2, 2],
      ],
    },
  ],
});

export const reshape = defineOp({
  name: "reshape",
  doc: "The same numbers in row-major order under another shape.",
  params: ["x"],
  dtype: dtypeOfFirst,
  multilinear: true,
  zero: "all",
  infer: ([x], attrs) => {
    const shape = nums(attrs, "shape");
    if (product(shape) !== product(x as readonly number[])) throw new ShapeError(`reshape of [${x}] to [${shape}]`);
    return [...shape];
  },
  eval: ([x]) => x as Float64Array,
  vjp: ({ ct, shapes }) => [E.reshape(ct, shapes[0] as number[])],
  samples: [{ shapes: [[2, 3]], attrs: { shape: [6] } }],
});

export const constant = defineOp({
  name: "const",
  doc: "A tensor filled with one number.",
  params: [],
  zero: (attrs) => (attrs["value"] === 0 ? "all" : "never"),
  infer: (_, attrs) => [...nums(attrs, "shape")],
  eval: (_, attrs) => new Float64Array(product(nums(attrs, "shape"))).fill(num(attrs, "value")),
  vjp: () => [],
  samples: [{ shapes: [], attrs: { value: 2, shape: [2] } }],
});

export const range = defineOp({
  name: "range",
  doc: "The vector 0, 1, …, n − 1.",
  params: [],
  zero: "never",
  infer: (_, attrs) => [num(attrs, "n")],
  eval: (_, attrs) => Float64Array.from({ length: num(attrs, "n") }, (_, i) => i),
  vjp: () => [],
  samples: [{ shapes: [], attrs: { n: 3 } }],
});

export const index = defineOp({
  name: "index",
  doc: "The index of a variable, as a number.",
  params: [],
  zero: "never",
  infer: () => [],
  vjp: () => [],
  samples: [],
  unsampled: "depends on the point where it is evaluated: tested in whole systems",
});

export const extent = defineOp({
  name: "extent",
  doc: "The length of an axis, as a number: the sample's own where it is ragged, and at the index of the variables `within`.",
  params: [],
  zero: "never",
  infer: () => [],
  vjp: () => [],
  samples: [],
  unsampled: "depends on the sample: tested in whole systems",
});

export const softmaxAlong = defineOp({
  name: "softmaxAlong",
  doc: "Softmax over a variable: exp(x) normalised over its domain.",
  params: ["x"],
  zero: "never",
  infer: ([x]) => [...(x as readonly number[])],
  vjp: { open: "needs a sum over the variable: the derivative pass writes p (p̄ − Σ p p̄)" },
  samples: [],
  unsampled: "acts along a variable: tested in whole systems",
});

export const firstMaxAlong = defineOp({
  name: "firstMaxAlong",
  doc: "1 at the first maximum over a variable, else 0.",
  params: ["x"],
  zero: "never",
  infer: ([x]) => [...(x as readonly number[])],
  vjp: { none: "piecewise constant: zero almost everywhere" },
  samples: [],
  unsampled: "acts along a variable: tested in whole systems",
});

export const linearAlong = defineOp({
  name: "linearAlong",
  doc: "h with h = a ⊙ h′ + b, where h′ is h one step before along a variable (`direction` 1) or after (−1), and 0 at its end.",
  params: ["a", "b"],
  zero: "never",
  infer: (s) => allEqual(s, "linearAlong"),
  vjp: { open: "made of loops after differentiation" },
  samples: [],
  unsampled: "acts along a variable: tested in whole systems",
});

export const softmax = defineOp({
  name: "softmax",
  doc: "Softmax over the last dim.",
  params: ["x"],
  zero: "never",
  infer: ([x]) => {
    if (!x?.length) throw new ShapeError(`softmax of [${x}]`);
    return [...x];
  },
  eval: ([x], _, [s]) => {
    const n = (s as readonly number[])[(s as readonly number[]).length - 1] as number;
    const out = new Float64Array((x as Float64Array).length);
    for (let from = 0; from < out.length; from += n) {
      const row = (x as Float64Array).subarray(from, from + n);
      const m = Math.max(...row);
      const e = row.map((v) => Math.exp(v - m));
      const z = e.reduce((a, b) => a + b, 0);
      out.set(
        e.map((v) => v / z),
        from,
      );
    }
    return out;
  },
  // p (p̄ − Σ p p̄), in each row
  vjp: ({ ct, out, outShape }) => {
    if (outShape.length === 1) return [E.mul(out, E.sub(ct, E.fill(E.dot(out, ct), outShape)))];
    const n = outShape[outShape.length - 1] as number;
    const rows = [product(outShape) / n, n];
    const ones = E.num(1, [n]);
    const [p, g] = [out, ct].map((y) => E.reshape(y, rows)) as [Expr, Expr];
    return [E.reshape(E.mul(p, E.sub(g, E.outer(E.mv(E.mul(p, g), ones), ones))), outShape)];
  },
  samples: [{ shapes: [[4]] }, { shapes: [[2, 3]] }, { shapes: [[2, 2, 2]] }],
});

export const lsef = defineOp({
  name: "lsef",
  doc: "log Σ exp over all features.",
  params: ["x"],
  zero: "never",
  infer: () => [],
  eval: ([x]) => {
    const m = Math.max(...(x as Float64Array));
    if (m === -Infinity) return Float64Array.of(m);
    return Float64Array.of(m + Math.log((x as Float64Array).reduce((s, v) => s + Math.exp(v - m), 0)));
  },
  // ē exp(x − r); a floor under r gives 0 instead of −∞ + ∞ where r = −∞
  vjp: ({ ct, out, args, shapes }) => [
    E.scale(ct, E.exp(E.sub(args[0] as Expr, E.fill(E.floored(out), shapes[0] as number[])))),
  ],
  samples: [{ shapes: [[4]] }],
});

export const maxf = defineOp({
  name: "maxf",
  doc: "Maximum of all features; the gradient goes to the first.",
  params: ["x"],
  zero: "never",
  infer: () => [],
  eval: ([x]) => Float64Array.of(Math.max(...(x as Float64Array))),
  vjp: ({ ct, args, shapes }) => {
    const n = product(shapes[0] as number[]);
    const flat = E.reshape(args[0] as Expr, [n]);
    return [E.reshape(op("put", [ct, op("argmaxf", [flat])], { n }), shapes[0] as number[])];
  },
  samples: [{ shapes: [[4]] }],
});
