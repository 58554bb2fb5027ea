/** Starts of parameters that are cells (specs/std/initialisers.rcv): their convention, and their equations for a shape. */
import type { Diagnostic } from "../diagnostics/types.js";
import type { StartEquations } from "../model.js";
import type { Numbers } from "../optimizer/types.js";
import type { CellDef, Target } from "../syntax/ast.js";
import { printExpr } from "../syntax/print.js";
import { product } from "../system/types.js";
import { alone } from "./alone.js";
import { buildEquations } from "./build.js";
import { dimOf } from "./constants.js";
import type { Context } from "./context.js";
import type { Dim } from "./dims.js";
import * as dims from "./dims.js";
import type { Cell, Names } from "./entities.js";
import type { NoiseInside } from "./instances.js";
import { type NamedCells, namedCells } from "./named.js";
import { noiseOf } from "./noise.js";
import { statedType } from "./params.js";
import { float, type Place, scalar } from "./types.js";

/** The initialisers that can be named where `scope` holds. */
export const startCells = (scope: Names): NamedCells => namedCells(scope, "initialisers");

const FANS = ["fan_in", "fan_out"];

const isOpen = (t: Target): boolean => t.type?.kind === "shape" && t.type.open && t.type.dims.length === 0;

/** Why a cell is no initialiser; null if it is one. */
export function misfit(def: CellDef): string | null {
  const [result, ...more] = def.results;
  for (const f of def.formals)
    if (!FANS.includes(f.name) || f.type || f.indices.length)
      return `its formals can be \`fan_in\` and \`fan_out\`, not \`${f.name}\``;
  if (!result || more.length) return "it has one result, the start";
  if (result.type?.kind !== "shape") return `its result states a shape, \`${result.name} : [..]\` or \`[M, N]\``;
  for (const s of def.body)
    if (!["equation", "require", "dim", "noise"].includes(s.kind)) return "it has equations and noise only";
  return null;
}

/** Does it need to know how many numbers go into a unit and come out of it? */
export const usesFans = (def: CellDef): boolean => def.formals.length > 0;

/** The equations of a start for a parameter of a shape, or what is wrong with them. `at`: where it is named. */
export function startEquations(
  cell: Cell,
  numbers: Numbers,
  shape: readonly Dim[],
  sizes: ReadonlyMap<string, number> = new Map(),
  at: Place = cell.def.nameSpan,
): { readonly equations: StartEquations | null; readonly mistakes: readonly Diagnostic[] } {
  const { def } = cell;
  const result = def.results[0] as Target;
  const noise: NoiseInside = (cx, s, instance) => {
    const drawn = noiseOf(cx, s.dist, instance.names);
    for (const item of s.items) {
      const type = !item.type ? scalar() : isOpen(item) ? float(shape) : statedType(cx, item.type, instance.names);
      if (!drawn || !type) {
        instance.names.set(item.name, { kind: "wrong", place: item.nameSpan });
        continue;
      }
      const facts = { name: item.name, role: "noise", slots: [], type, declared: true, noise: drawn } as const;
      const quantity = cx.quantity({ ...facts, span: item.span });
      instance.names.set(item.name, { kind: "quantity", quantity, place: item.nameSpan });
    }
  };
  const fan = fans(shape.map((d) => dims.evaluate(d, sizes)));
  const { cx, results } = alone(cell, {
    numbers,
    sizes,
    at,
    noise,
    formal: (_, f) => ({ kind: "number", value: f.name === "fan_in" ? fan.fanIn : fan.fanOut, place: f.nameSpan }),
    prepare: (own, instance) => tie(own, result, instance.names, shape),
  });
  const mistakes = cx.reporter.diagnostics;
  const [value] = results ?? [];
  if (!value) return { equations: null, mistakes };
  return { equations: { system: buildEquations(cx), result: value.id }, mistakes };
}

/** The dims that the result names are those of the parameter. */
function tie(cx: Context, { type }: Target, names: Names, shape: readonly Dim[]): void {
  if (type?.kind !== "shape") return;
  for (const [i, d] of type.dims.entries()) {
    const dim = dimOf(cx, d, names);
    if (dim && shape[i]) cx.solver.equalDims(dim, shape[i], () => undefined);
  }
}

/** Can a parameter with so many dims start so? */
export function fits({ results: [result] }: CellDef, rank: number): boolean {
  if (result?.type?.kind !== "shape") return false;
  const { dims: stated, open } = result.type;
  return open ? stated.length <= rank : stated.length === rank;
}

/** The shape of the start, as written. */
export function resultOf({ results: [result] }: CellDef): string {
  if (result?.type?.kind !== "shape") return "nothing";
  return `[${[...result.type.dims.map(printExpr), ...(result.type.open ? [".."] : [])].join(", ")}]`;
}

/**
 * Numbers that flow into and out of one unit. A matrix is [out, in], a kernel of a convolution [kh, kw, in, out]; a vector
 * is a row that maps to a scalar (`dot(v, …)`), any other tensor [out, in…].
 */
export function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  const all = product(shape);
  if (shape.length < 2) return { fanIn: all, fanOut: 1 };
  if (shape.length === 4) {
    const [kh, kw, cin, cout] = shape as [number, number, number, number];
    return { fanIn: kh * kw * cin, fanOut: kh * kw * cout };
  }
  const fanOut = shape[0] as number;
  return { fanIn: all / fanOut, fanOut };
}
