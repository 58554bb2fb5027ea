/** Compiles a spec, evaluates its System with the reference evaluator, and compares gradients with central differences. */
import { expect } from "vitest";
import { grad } from "../../src/compiler/ad/grad.js";
import { check, placeholders } from "../../src/compiler/check/index.js";
import type { BlockValue, Mode, Model, ParamInfo, Vocabularies } from "../../src/compiler/model.js";
import { training } from "../../src/compiler/programs.js";
import { schedule } from "../../src/compiler/schedule/schedule.js";
import { getValue, product, type System } from "../../src/compiler/system/types.js";
import { verify } from "../../src/compiler/system/verify.js";
import { type Environment, Evaluator } from "../../src/compiler/targets/reference/evaluator.js";
import { readStructure } from "../../src/runtime/data/structures.js";

export function modelOf(
  source: string,
  vocabularies: Vocabularies = {},
  set: Readonly<Record<string, BlockValue>> = {},
): Model {
  const { diagnostics, models } = check(source, { set });
  expect(diagnostics.filter((d) => d.code !== "open-end").map((d) => `${d.code}: ${d.message}`)).toEqual([]);
  const model = models[0] as Model;
  const bound = model.bind(vocabularies);
  return bound.unsized.length ? placeholders(bound) : bound;
}

/** A number in (−0.8, 0.8) that depends on a name and an index only. */
export function noiseOf(name: string, i: number): number {
  let h = 2166136261;
  for (const c of `${name}/${i}`) h = Math.imul(h ^ c.charCodeAt(0), 16777619);
  h = Math.imul(h ^ (h >>> 15), 2246822507);
  return (((h ^ (h >>> 13)) >>> 0) / 2 ** 32 - 0.5) * 1.6;
}

export type Sample = Readonly<Record<string, unknown>>;

/** Values by name; a field of a sample nests as its axes do. Parameters are deterministic unless given. */
export class Run {
  readonly system: System;
  readonly training: boolean;
  readonly params = new Map<string, Float64Array>();
  readonly lengths: Record<string, number[]> = {};
  readonly maps: Record<string, Int32Array>[];

  constructor(
    readonly model: Model,
    readonly samples: readonly Sample[],
    mode: Partial<Mode> = {},
  ) {
    this.training = mode.training ?? true;
    this.system = model.system({ training: mode.training ?? true, drawn: mode.drawn ?? [] });
    verify(this.system, "test");
    for (const p of model.params)
      this.params.set(
        p.name,
        Float64Array.from({ length: product(p.shape) }, (_, i) => noiseOf(p.name, i)),
      );
    const structured = samples.map((s) =>
      model.structures.map((info) => {
        const field = model.fields.find((f) => f.axes[0] === info.name);
        return readStructure(info, s[info.name], (s[field?.name ?? ""] as unknown[] | undefined)?.length, null);
      }),
    );
    this.maps = structured.map((all) => Object.assign({}, ...all.map((x) => x.maps)));
    for (const axis of model.axes.filter((a) => a.family !== undefined))
      this.lengths[axis.bound] = structured.map(
        (all) => all.find((x) => axis.bound in x.levels)?.levels[axis.bound]?.length as number,
      );
    for (const axis of model.axes.filter((a) => a.kind === "ragged" && a.family === undefined)) {
      const field = model.fields.find((f) => f.axes.includes(axis.bound) && f.name in (samples[0] ?? {}));
      this.lengths[axis.bound] = samples.map((s) => {
        let x: unknown = s[field?.name ?? ""];
        for (let d = 0; d < (field?.axes.indexOf(axis.bound) ?? 0); d++) x = (x as unknown[])[0];
        return (x as unknown[]).length;
      });
    }
  }

  get env(): Environment {
    return {
      batch: this.samples.length,
      lengths: this.lengths,
      given: (id, index) => {
        const p = this.params.get(id);
        if (p) return this.#entry(id, p, index);
        const v = getValue(this.system, id);
        if (v.role === "noise")
          return Float64Array.from({ length: product(v.shape) }, (_, i) => this.noise(id, index, i));
        const [b = 0, ...rest] = index;
        const map = this.maps[b]?.[id];
        if (map) return [map[rest[0] ?? 0] as number];
        let x: unknown = (this.samples[b] as Sample)[id];
        for (const i of rest) x = (x as unknown[])[i];
        if (typeof x === "string") {
          const type = this.model.fields.find((f) => f.name === id)?.type;
          x = type?.kind === "token" ? this.model.vocabularies[type.vocab]?.indexOf(x) : Number.NaN;
        }
        return typeof x === "number" ? [x] : (x as unknown[]).flat(9).map(Number);
      },
    };
  }

  /** Of a parameter for each index of axes, `W[l]`: one of them. */
  #entry(id: string, all: Float64Array, index: readonly number[]): Float64Array {
    const shape = (this.model.params.find((p) => p.name === id) as ParamInfo).shape;
    const n = product(shape.slice(index.length));
    const k = index.reduce((row, i, d) => row * (shape[d] as number) + i, 0);
    return all.subarray(k * n, (k + 1) * n);
  }

  noise(id: string, index: readonly number[], i: number): number {
    const v = getValue(this.system, id);
    const u = noiseOf(`${id}:${index}`, i);
    return v.noise?.dist === "bernoulli" ? Number(u > 0) : u;
  }

  evaluator(system: System = this.system): Evaluator {
    return new Evaluator(system, this.env);
  }

  value(id: string, index: readonly number[] = []): number[] {
    return [...this.evaluator().value(id, index)];
  }

  loss(): number {
    return this.value("loss")[0] as number;
  }

  /** A matrix of a parameter as rows. */
  matrix(id: string): number[][] {
    const p = this.model.params.find((q) => q.name === id) as ParamInfo;
    const [m, n] = p.shape as [number, number];
    const data = this.params.get(id) as Float64Array;
    return Array.from({ length: m }, (_, r) => [...data.slice(r * n, (r + 1) * n)]);
  }

  vector(id: string): number[] {
    return [...(this.params.get(id) as Float64Array)];
  }

  /** Every parameter's gradient against central differences, and the schedule against the lazy evaluation. */
  checkGradients(): void {
    const names = this.model.params.filter((p) => !p.frozen).map((p) => p.name);
    const g = grad(this.system, "loss", names);
    verify(g.system, "grad");
    const program = schedule(g.system);
    const strict = this.evaluator(g.system).run(program);
    const whole = training(this.model);
    if (this.training) {
      const ev = this.evaluator(whole.system).run(whole.program);
      expect(ev.value("loss")[0]).toBeCloseTo(this.loss(), 9);
      for (const [p, d] of whole.gradients) {
        const x = numbersOf(ev, d);
        const y = numbersOf(strict, g.adjoint(p));
        for (const [i, v] of x.entries())
          expect(Math.abs(v - (y[i] as number)), `${p}[${i}] after passes`).toBeLessThan(1e-9);
      }
    }
    const h = 1e-5;
    for (const name of names) {
      const exact = numbersOf(strict, g.adjoint(name));
      const data = this.params.get(name) as Float64Array;
      // a few entries of each are enough: a wrong rule is wrong everywhere
      const stride = Math.max(1, Math.floor(data.length / 4));
      for (let i = 0; i < data.length; i += stride) {
        const x = data[i] as number;
        data[i] = x + h;
        const up = this.loss();
        data[i] = x - h;
        const down = this.loss();
        data[i] = x;
        expect(Math.abs((exact[i] as number) - (up - down) / (2 * h)), `${name}[${i}]`).toBeLessThan(1e-7);
      }
    }
  }
}

/** All numbers of a value, of one index after the other. */
function numbersOf(ev: Evaluator, id: string): number[] {
  const { slots } = getValue(ev.system, id);
  return ev.points(slots).flatMap((p) => [
    ...ev.value(
      id,
      slots.map((s) => p[s.name] as number),
    ),
  ]);
}

// plain linear algebra for the hand-written loops
export type Vec = readonly number[];
export const mv = (W: readonly Vec[], x: Vec): number[] =>
  W.map((row) => row.reduce((s, w, i) => s + w * (x[i] as number), 0));
export const column = (W: readonly Vec[], i: number): number[] => W.map((row) => row[i] as number);
export const add = (...xs: Vec[]): number[] =>
  (xs[0] as Vec).map((_, i) => xs.reduce((s, x) => s + (x[i] as number), 0));
export const mul = (a: Vec, b: Vec): number[] => a.map((x, i) => x * (b[i] as number));
export const dot = (a: Vec, b: Vec): number => a.reduce((s, x, i) => s + x * (b[i] as number), 0);
export const tanh = (x: Vec): number[] => x.map(Math.tanh);
export const sigmoid = (x: Vec): number[] => x.map((v) => 1 / (1 + Math.exp(-v)));
export const zeros = (n: number): number[] => new Array<number>(n).fill(0);
export const chunk = (x: Vec, n: number): number[][] => {
  const size = x.length / n;
  return Array.from({ length: n }, (_, i) => x.slice(i * size, (i + 1) * size));
};
export const softmax = (x: Vec): number[] => {
  const e = x.map((v) => Math.exp(v - Math.max(...x)));
  const z = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / z);
};
export const nll = (logits: Vec, y: number): number => -Math.log(softmax(logits)[y] as number);

export function lstm(W: Vec[], U: Vec[], b: Vec, x: Vec, h: Vec, c: Vec): [number[], number[]] {
  const [i, f, o, g] = chunk(add(mv(W, x), mv(U, h), b), 4) as [number[], number[], number[], number[]];
  const c1 = add(mul(sigmoid(f), c), mul(sigmoid(i), tanh(g)));
  return [mul(sigmoid(o), tanh(c1)), c1];
}

export function gru(run: Run, name: string, x: Vec, h: Vec): number[] {
  const [W, U, Un, b] = [
    run.matrix(`${name}.W`),
    run.matrix(`${name}.U`),
    run.matrix(`${name}.Un`),
    run.vector(`${name}.b`),
  ];
  const [xr, xz, xn] = chunk(add(mv(W, x), b), 3) as [number[], number[], number[]];
  const [hr, hz] = chunk(mv(U, h), 2) as [number[], number[]];
  const [r, z] = [sigmoid(add(xr, hr)), sigmoid(add(xz, hz))];
  const n = tanh(add(xn, mv(Un, mul(r, h))));
  return z.map((zi, i) => zi * (h[i] as number) + (1 - zi) * (n[i] as number));
}
