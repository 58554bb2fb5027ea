/** Cells for hand-built Systems, as specs/std/cells.rcv writes them: packed gates, then `split`. */
import { E, type Expr } from "../../src/compiler/system/expr.js";
import type { Slot } from "../../src/compiler/system/types.js";
import type { Access, Sketch } from "./sketch.js";

const t: Slot = { name: "t", axis: "T" };

export interface CellOptions {
  /** Size of the input and of the state. */
  readonly sizes: readonly [number, number];
  readonly slots?: readonly Slot[];
  /** Prefix of the ids. */
  readonly name?: string;
}

export const parts = (z: Expr, count: number, size: number): Expr[] =>
  Array.from({ length: count }, (_, k) => E.slice(z, k * size, size));

/** i, f, o, g = split(W x + U h + b, 4); c1 = σ(f) c + σ(i) tanh(g); h1 = σ(o) tanh(c1). Defines h and c. */
export function lstm(
  s: Sketch,
  x: Expr,
  h: { id: string; previous: Expr },
  c: { id: string; previous: Expr },
  { sizes: [X, H], slots = [t], name = "" }: CellOptions,
): void {
  const [W, U, b] = [s.param(`${name}W`, [4 * H, X]), s.param(`${name}U`, [4 * H, H]), s.param(`${name}b`, [4 * H])];
  const index = slots.map((q) => q.name);
  const z = s.define(`${name}z`, slots, E.add(E.mv(W(), x), E.mv(U(), h.previous), b()));
  const [i, f, o, g] = parts(z(...index), 4, H).map((p, k) =>
    s.define(`${name}${"ifog"[k]}`, slots, E.map(k < 3 ? "sigmoid" : "tanh", p)),
  ) as [Access, Access, Access, Access];
  s.equate(c.id, E.add(E.mul(f(...index), c.previous), E.mul(i(...index), g(...index))));
  s.equate(h.id, E.mul(o(...index), E.map("tanh", s.access(c.id)(...index))));
}

/**
 * r, u = split(σ(W x + U h + b), 2); the candidate resets before its matmul (Cho 2014) or after it (`after`, as cuDNN does);
 * h1 = (1 − u) h + u n.
 */
export function gru(
  s: Sketch,
  x: Expr,
  h: { id: string; previous: Expr },
  { sizes: [X, H], slots = [t], name = "", reset = "before" }: CellOptions & { reset?: "before" | "after" },
): void {
  const [W, b] = [s.param(`${name}W`, [3 * H, X]), s.param(`${name}b`, [3 * H])];
  const index = slots.map((q) => q.name);
  const a = s.define(`${name}a`, slots, E.add(E.mv(W(), x), b()));
  const [ar, au, an] = parts(a(...index), 3, H) as [Expr, Expr, Expr];
  const U = ["r", "u", "n"].map((q) => s.param(`${name}U${q}`, [H, H])());
  const [Ur, Uu, Un] = U as [Expr, Expr, Expr];
  const r = s.define(`${name}r`, slots, E.map("sigmoid", E.add(ar, E.mv(Ur, h.previous))));
  const u = s.define(`${name}u`, slots, E.map("sigmoid", E.add(au, E.mv(Uu, h.previous))));
  const inner =
    reset === "before" ? E.mv(Un, E.mul(r(...index), h.previous)) : E.mul(r(...index), E.mv(Un, h.previous));
  const n = s.define(`${name}n`, slots, E.map("tanh", E.add(an, inner)));
  s.equate(h.id, E.add(E.mul(E.affine(-1, 1, u(...index)), h.previous), E.mul(u(...index), n(...index))));
}
