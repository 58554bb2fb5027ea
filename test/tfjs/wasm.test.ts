/** Static plans on wasm: functions, products, memory, and what runs where the backend has another inside. */
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { type Plan, planOf } from "../../src/compiler/plan/lower.js";
import { Flat } from "../../src/compiler/plan/tensors.js";
import { type Ref, size, type UnaryOp } from "../../src/compiler/plan/types.js";
import { openBackend } from "../../src/runtime/backends.js";
import { instantiate, Network } from "../../src/runtime/index.js";
import type { Backend } from "../../src/runtime/tfjs/backend.js";
import { Arena, heapOf } from "../../src/runtime/tfjs/wasm/inside.js";
import {
  arrange,
  newRoot,
  type Place,
  reshaped,
  sliced,
  straightStrides,
  transposed,
  whole,
} from "../../src/runtime/tfjs/wasm/places.js";
import { wasmBackend } from "../../src/runtime/tfjs/wasm.js";
import { compiled, tags } from "../runtime/support/specs.js";

const backend = await openBackend("wasm");

type Given = Readonly<Record<string, readonly [Float32Array | Int32Array, readonly number[]]>>;

/** The result `y` of a plan, as code. */
function computed(given: Given, make: (flat: Flat, of: (id: string) => Ref) => Ref, on: Backend = backend): number[] {
  const flat = new Flat();
  const of = (id: string): Ref => {
    const [data, shape] = given[id] as Given[string];
    return flat.one("given", [], { id }, shape, data instanceof Int32Array);
  };
  const plan: Plan = planOf(flat, new Map([["y", make(flat, of)]]));
  const before = on.tensorCount();
  const prepared = on.prepare(plan);
  prepared.optimise();
  const tensors = new Map(Object.entries(given).map(([id, [data, shape]]) => [id, on.upload(data, shape)]));
  const results = prepared.run({ given: tensors, lengths: {} });
  const y = results?.get("y") as NonNullable<ReturnType<typeof on.upload>>;
  const numbers = Array.from(on.read(y));
  for (const tensor of [y, ...tensors.values()]) on.dispose(tensor);
  prepared.dispose();
  expect(on.tensorCount()).toBe(before);
  return numbers;
}

const grid = (from: number, to: number, n: number): Float32Array =>
  Float32Array.from({ length: n }, (_, k) => from + ((to - from) * k) / (n - 1));

describe("functions", () => {
  const cases: readonly (readonly [UnaryOp, (x: number) => number, Float32Array])[] = [
    ["exp", Math.exp, grid(-103, 88.7, 4001)],
    ["tanh", Math.tanh, Float32Array.of(...grid(-12, 12, 2001), ...grid(-1e-3, 1e-3, 401), 1e-30, -1e30, 1e30)],
    ["sigmoid", (x) => 1 / (1 + Math.exp(-x)), grid(-80, 80, 4001)],
    ["log", Math.log, Float32Array.of(...grid(0.01, 4, 2001), 1e-40, 1e-38, 1e-20, 1e20, 3e38, 1)],
    ["softplus", (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), grid(-80, 80, 4001)],
    ["sin", Math.sin, grid(-10, 10, 101)],
  ];
  test.each(cases)("%s is right to a few units in the last place", (op, f, x) => {
    const y = computed({ x: [x, [x.length]] }, (flat, of) => flat.one(op, [of("x")], {}, [x.length]));
    for (const [k, v] of x.entries()) {
      const exact = f(v);
      expect(Math.abs((y[k] as number) - exact), `${op}(${v})`).toBeLessThanOrEqual(Math.abs(exact) * 6e-7 + 2e-44);
    }
  });

  test("infinities, and NaN goes through", () => {
    const x = Float32Array.of(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 0, -1);
    const of = (op: UnaryOp): number[] => computed({ x: [x, [5]] }, (flat, g) => flat.one(op, [g("x")], {}, [5]));
    const [inf, nan] = [Number.POSITIVE_INFINITY, Number.NaN];
    expect(of("exp").slice(0, 4)).toEqual([inf, 0, nan, 1]);
    expect(of("tanh").slice(0, 4)).toEqual([1, -1, nan, 0]);
    expect(of("sigmoid").slice(0, 4)).toEqual([1, 0, nan, 0.5]);
    expect(of("log")).toEqual([inf, nan, nan, -inf, nan]);
    expect(of("softplus").slice(0, 3)).toEqual([inf, 0, nan]);
    expect(of("relu").slice(0, 3)).toEqual([inf, 0, nan]);
  });
});

test("loops that differ in an infinite constant only", () => {
  const x = Float32Array.of(0, 2);
  const y = computed({ x: [x, [2]] }, (flat, of) => {
    const [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY].map((c) => {
      const chosen = flat.where(of("x"), of("x"), flat.constant(c));
      return flat.one("max", [flat.reshape(chosen, [2, 1])], { axes: [1] }, [2]);
    }) as [Ref, Ref];
    // each is a loop of its own: something looks at it
    return flat.concat(
      [flat.one("max", [low], { axes: [0] }, []), flat.one("max", [high], { axes: [0] }, [])].map((r) =>
        flat.reshape(r, [1]),
      ),
      [[1], [1]],
      0,
    );
  });
  expect(y).toEqual([2, Number.POSITIVE_INFINITY]);
});

const numbers = (n: number, seed: number): Float32Array =>
  Float32Array.from({ length: n }, (_, k) => Math.sin(seed + 7 * k));

test("matrix products of all sizes, flags and batches", () => {
  const dim = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(256, 257, 300));
  fc.assert(
    fc.property(dim, dim, dim, fc.integer({ min: 0, max: 3 }), fc.boolean(), fc.boolean(), (M, K, N, batch, ta, tb) => {
      const lead = batch ? [batch] : [];
      const [a, b] = [numbers(size(lead) * M * K, 1), numbers(size(lead) * K * N, 2)];
      const given: Given = {
        a: [a, [...lead, ...(ta ? [K, M] : [M, K])]],
        b: [b, [...lead, ...(tb ? [N, K] : [K, N])]],
      };
      const y = computed(given, (flat, of) =>
        flat.one(batch ? "bmm" : "matmul", [of("a"), of("b")], { ta, tb }, [...lead, M, N]),
      );
      for (let k = 0; k < 12; k++) {
        const at = (k * 7919) % y.length;
        const [g, i, j] = [Math.floor(at / (M * N)), Math.floor(at / N) % M, at % N];
        let sum = 0;
        for (let l = 0; l < K; l++)
          sum +=
            (a[g * M * K + (ta ? l * M + i : i * K + l)] as number) *
            (b[g * K * N + (tb ? j * K + l : l * N + j)] as number);
        expect(y[at]).toBeCloseTo(sum, 3);
      }
    }),
    { numRuns: 60 },
  );
});

test("parts of a concatenation, turned and repeated, and what reads them", () => {
  const x = numbers(12, 3);
  const y = computed({ x: [x, [3, 4]] }, (flat, of) => {
    const [doubled, turned] = [flat.affine(of("x"), 2, 0), flat.transpose(of("x"), [1, 0])];
    const more = flat.reshape(
      flat.concat(
        [turned, turned],
        [
          [4, 3],
          [4, 3],
        ],
        1,
      ),
      [4, 6],
    );
    const rows = flat.concat(
      [doubled, doubled, flat.full(flat.slice(doubled, 0, 1, 1), [3, 4])],
      new Array(3).fill([3, 4]),
      0,
    );
    const product = flat.one("matmul", [rows, more], { ta: false, tb: false }, [9, 6]);
    return flat.add(product, flat.slice(product, 1, 2, 1));
  });
  const at = (i: number, j: number): number => x[4 * i + j] as number;
  const product = (r: number, c: number): number =>
    [0, 1, 2, 3].reduce((s, k) => s + 2 * at(r < 6 ? r % 3 : 1, k) * at(c % 3, k), 0);
  for (let r = 0; r < 9; r++)
    for (let c = 0; c < 6; c++) expect(y[6 * r + c]).toBeCloseTo(product(r, c) + product(r, 2), 4);
});

describe("memory", () => {
  it("tensors that live at the same time share nothing", () => {
    const lives = fc.array(fc.tuple(fc.integer({ min: 1, max: 99 }), fc.nat(30), fc.nat(9)), { maxLength: 40 });
    fc.assert(
      fc.property(lives, (all) => {
        const roots = all.map(([n, first, more]) => {
          const root = newRoot("arena", n);
          root.first = first;
          root.last = first + more;
          return root;
        });
        const total = arrange(roots);
        for (const [k, a] of roots.entries()) {
          expect(a.at + a.size).toBeLessThanOrEqual(total);
          for (const b of roots.slice(k + 1))
            if (a.first <= b.last && b.first <= a.last)
              expect(a.at + a.size <= b.at || b.at + b.size <= a.at).toBe(true);
        }
      }),
    );
  });

  it("a reshape is a view only where it keeps the order of the numbers", () => {
    const read = ({ offset, shape, strides }: Place): number[] =>
      Array.from({ length: size(shape) }, (_, k) => {
        const index = straightStrides(shape).map((s, d) => Math.floor(k / s) % (shape[d] as number));
        return index.reduce((n, i, d) => n + i * (strides[d] as number), offset);
      });
    const all = whole(newRoot("arena", 120), [2, 3, 4, 5]);
    const places = [
      all,
      transposed(all, [1, 0, 2, 3]),
      sliced(all, 3, 1, 4),
      sliced(all, 1, 0, 2),
      transposed(all, [0, 1, 3, 2]),
    ];
    const views = places.flatMap((p) => {
      const n = size(p.shape);
      const [first, second, , last] = p.shape as [number, number, number, number];
      const shapes = [
        [n],
        [first * second, n / (first * second)],
        [n / last, 1, last],
        [first, 1, n / first],
        [n / 2, 2],
      ];
      return shapes.flatMap((shape) => {
        const view = reshaped(p, shape);
        if (view) expect(read(view)).toEqual(read(p));
        return view ? [shape] : [];
      });
    });
    expect(views.length).toBeGreaterThan(5);
    expect(reshaped(transposed(all, [0, 1, 3, 2]), [120])).toBeNull();
  });

  it("an arena grows, and goes with its last user", () => {
    const live = new Set<number>();
    let next = 8;
    const heap = {
      memory: null as never,
      malloc: (bytes: number) => {
        live.add(next);
        next += bytes;
        return next - bytes;
      },
      free: (address: number) => expect(live.delete(address)).toBe(true),
    };
    const arena = new Arena(heap);
    arena.enter();
    arena.enter();
    const small = arena.need(100);
    expect(arena.need(50)).toBe(small);
    arena.need(200);
    expect(live.size).toBe(1);
    arena.leave();
    expect(live.size).toBe(1);
    arena.leave();
    expect(live.size).toBe(0);
  });
});

describe("a backend with another inside", () => {
  it("has no heap", () => {
    for (const module of [null, {}, { asm: {} }, { asm: { memory: {} }, _malloc: () => 0, _free: () => 0 }])
      expect(heapOf(module)).toBeNull();
  });

  const real = tf.findBackend("wasm") as tf.KernelBackend & { wasm: { asm: unknown } };
  const plain = (): Backend => {
    const { asm } = real.wasm;
    real.wasm.asm = undefined;
    const made = wasmBackend(real);
    real.wasm.asm = asm;
    return made;
  };

  it.each([
    ["goes on kernel by kernel", plain],
    ["goes through its public interface", (): Backend => wasmBackend(real, {})],
  ])("%s", (_, make) => {
    const on = make();
    const x = numbers(6, 1);
    const y = computed(
      { x: [x, [2, 3]] },
      (flat, of) => {
        const e = flat.exp(flat.affine(of("x"), 2, 1));
        const parts = flat.add(flat.slice(e, 0, 0, 1), flat.slice(e, 0, 1, 1));
        return flat.one("matmul", [flat.unary("tanh", parts, Math.tanh), of("x")], { ta: false, tb: true }, [1, 2]);
      },
      on,
    );
    const parts = [0, 1, 2].map((k) =>
      Math.tanh(Math.exp(2 * (x[k] as number) + 1) + Math.exp(2 * (x[k + 3] as number) + 1)),
    );
    for (const r of [0, 1])
      expect(y[r]).toBeCloseTo(
        parts.reduce((s, p, k) => s + p * (x[3 * r + k] as number), 0),
        5,
      );
  });

  it("learns the same through the public interface", async () => {
    const on = wasmBackend(real, {});
    const before = on.tensorCount();
    const learnt = async (device: Backend) => {
      const { model, source, file, set } = compiled(tags, {});
      const network = new Network({ model, device, spec: { source, file, set, imports: {} }, seed: 5 });
      await network.fit();
      const params = network.params();
      network.dispose();
      return params;
    };
    const [slow, fast] = [await learnt(on), await learnt(backend)];
    for (const [name, { data }] of Object.entries(fast))
      for (const [i, v] of data.entries()) expect(slow[name]?.data[i], name).toBeCloseTo(v, 4);
    expect(on.tensorCount()).toBe(before);
  });
});

it("training goes over to code and goes on as it would kernel by kernel, and leaves nothing", async () => {
  const before = backend.tensorCount();
  const train = async (warm: number) => {
    const network = await instantiate(compiled(tags, {}), { backend: "wasm", warm, seed: 5 });
    await network.fit();
    const params = network.params();
    network.dispose();
    return params;
  };
  const [code, kernels] = [await train(3), await train(Number.POSITIVE_INFINITY)];
  for (const [name, { data }] of Object.entries(kernels))
    for (const [i, x] of data.entries()) expect(code[name]?.data[i], name).toBeCloseTo(x, 4);
  expect(backend.tensorCount()).toBe(before);
});
