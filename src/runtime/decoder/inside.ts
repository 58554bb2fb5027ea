/**
 * Draws that the program computes itself (`passes/draw-inside.ts`): which randoms allow it, what the program is given for
 * them, and what its draws mean. The numbers are those that the host would draw.
 */
import { BEYOND, DRAWN, howOf, KNOWN } from "../../compiler/choice.js";
import type { FieldInfo, Model } from "../../compiler/model.js";
import { drawInsideOf, givenOf, HOW, type Inside, isInside, uniformsOf } from "../../compiler/passes/draw-inside.js";
import { canScan } from "../../compiler/plan/scans.js";
import type { Compute } from "../../compiler/programs.js";
import { uniformsAt } from "../../compiler/random.js";
import { product, type System } from "../../compiler/system/types.js";
import { around, boundsOf, eachIndex, extentIn } from "../lengths.js";
import type { Batch } from "../types.js";
import type { Ancestral, Row } from "./ancestral.js";
import { type Ending, fieldOf, producible } from "./axes.js";
import { isGreedy, type Method } from "./choose.js";
import type { Phase } from "./phases.js";
import type { Numbers } from "./types.js";

/** How the randoms of a phase are drawn inside of the program; null where the host draws them. `system`: with their draws. */
export function insideOf(
  model: Model,
  system: System,
  { randoms, loop }: Phase,
  open: ReadonlyMap<string, Ending | null>,
  method: Method,
  free: boolean,
): Inside | null {
  const fields = randoms.map((r) => fieldOf(model, r));
  if (model.structures.length || !fields.every((f) => isSimple(model, f) && isInside(system, f.name))) return null;
  const [axis, second] = open.keys();
  const ending = axis === undefined ? null : (open.get(axis) ?? null);
  if (axis !== undefined) {
    const isOwn = loop?.axis === axis && loop.direction === 1 && loop.together;
    if (!isOwn || second !== undefined || !fields.every((f) => f.axes.join() === axis)) return null;
    if (ending && !randoms.includes(ending.random)) return null;
  }
  const leader = ending?.random ?? (randoms[0] as string);
  const ordered = [leader, ...randoms.filter((r) => r !== leader)];
  return {
    randoms: ordered.map((name) => ({
      name,
      never: neverOf(model, fieldOf(model, name)),
      end: ending?.random === name ? ending.token : -1,
    })),
    open: axis === undefined ? null : { axis, leader },
    how: isGreedy(method) ? 0 : howOf(method).length,
    free,
  };
}

/** One choice among tokens, by itself. */
export const isSimple = (model: Model, { dist, over, type, axes }: FieldInfo): boolean =>
  dist === "categorical" &&
  over === undefined &&
  type.kind !== "position" &&
  axes.every((a) => around(model.axes, a).length === 0);

export function neverOf(model: Model, field: FieldInfo): number[] {
  const size = field.type.kind === "token" ? (model.vocabularies[field.type.vocab]?.length ?? 0) : 0;
  return [...producible(model, field, size).entries()].flatMap(([i, may]) => (may ? [] : [i]));
}

/** Does the program that draws an open axis end when all sequences have ended? */
export const endsByItself = ({ program, inside }: Compute): boolean => {
  const { open } = inside ?? {};
  if (!open) return true;
  return program.items.some(
    (i) => i.kind === "loop" && i.axis === open.axis && i.members.includes(open.leader) && canScan(program.system, i),
  );
};

/** The padded extents of the axes of a random. */
const paddedOf = (model: Model, { axes }: FieldInfo, { extents }: Batch): number[] =>
  axes.map((a) => extents[a] ?? (model.axes.find((x) => x.bound === a)?.size as number));

/** Hands over what the program has drawn. False where a number is not finite. */
export function takeInside(
  { randoms }: Inside,
  session: Ancestral,
  batch: Batch,
  got: Readonly<Record<string, Numbers>>,
): boolean {
  const { model } = session.options;
  return randoms.every(({ name }) =>
    session.take(name, got[drawInsideOf(name)] as Float32Array, paddedOf(model, fieldOf(model, name), batch)),
  );
}

/** What the program is given beside the sample: what of its draws is known, uniform numbers, how to choose. */
export function insideFields(inside: Inside, session: Ancestral, batch: Batch): Record<string, Numbers> {
  const { model, rows, seed, method, open } = session.options;
  const { before } = session;
  const { size } = batch;
  const numbers: Record<string, Numbers> = {};
  if (!isGreedy(method)) numbers[HOW] = Float32Array.from(howOf(method));
  for (const { name } of inside.randoms) {
    const field = fieldOf(model, name);
    const { axes } = field;
    const padded = paddedOf(model, field, batch);
    const given = new Int32Array(product(padded) * size).fill(BEYOND);
    const uniforms = isGreedy(method) ? null : new Float32Array(given.length);
    for (const [r, row] of rows.entries()) {
      const along = axes.findIndex((a) => open.has(a));
      const own =
        along < 0
          ? row.lengths
          : { ...row.lengths, [axes[along] as string]: session.length(axes[along] as string, r) - before };
      const uniform = uniformsAt(seed, "draw", row.id, name);
      eachIndex(boundsOf(model.axes, axes, extentIn(model.axes, own)), (index) => {
        if (index.some((i, k) => i >= (padded[k] as number))) return;
        const place = index.reduce((p, i, k) => p * (padded[k] as number) + i, 0) * size + r;
        const at = index.map((i, k) => (k === along ? i + before : i));
        const known = knownAt(row, name, at);
        given[place] = known === null ? DRAWN : KNOWN + known;
        if (known === null && uniforms) uniforms[place] = uniform(at);
      });
    }
    numbers[givenOf(name)] = given;
    if (uniforms) numbers[uniformsOf(name)] = uniforms;
  }
  return numbers;
}

/** Of a known beginning, which only a random over one axis has. */
function knownAt({ prefix }: Row, name: string, at: readonly number[]): number | null {
  const own = prefix[name];
  const place = at.length === 1 ? (at[0] as number) : 0;
  return own && place < own.length ? (own[place] as number) : null;
}
