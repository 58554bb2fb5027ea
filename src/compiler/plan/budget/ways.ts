/** How the body of a scan has a block of a tensor around. */
import { isConst, type Ref, type TensorRef } from "../types.js";
import { isHeavy, type Part, partsNeeded } from "./blocks.js";
import { isScan, type ScanInstr, type Workshop } from "./workshop.js";

export type Way =
  | { readonly kind: "given" }
  | { readonly kind: "own"; readonly ref: TensorRef }
  | { readonly kind: "again"; readonly scan: ScanInstr; readonly ref: TensorRef }
  | { readonly kind: "reshape"; readonly of: TensorRef }
  | { readonly kind: "shift"; readonly shift: Shift }
  | { readonly kind: "op"; readonly parts: readonly Part[] };

/** `rows` rows of something else, and all but `rows` of a scan's stacked result: those behind come first, or those ahead last. */
export interface Shift {
  readonly of: TensorRef;
  readonly scan: ScanInstr;
  readonly stacked: TensorRef;
  readonly rows: number;
  readonly edge: Ref;
  readonly isBehind: boolean;
}

/** Has a tensor as many rows in each block of a scan? */
export const canCut = ({ scan }: ScanInstr, { shape }: TensorRef): boolean =>
  shape.length > 0 && (shape[0] as number) % scan.count === 0;

/** How the body of `instr` has a block of a tensor around, which can be cut. */
export function wayOf(workshop: Workshop, instr: ScanInstr, r: TensorRef): Way {
  const def = workshop.def(r);
  if (isScan(def)) {
    const ref = def.scan.stacked[r.out - def.scan.finals.length];
    if (!ref || def.scan.count !== instr.scan.count) return { kind: "given" };
    if (def.n === instr.n) return { kind: "own", ref };
    return workshop.homes.get(def.n) === instr.n ? { kind: "again", scan: def, ref } : { kind: "given" };
  }
  if (def.op === "reshape") {
    const of = def.args[0] as TensorRef;
    return canCut(instr, of) ? { kind: "reshape", of } : { kind: "given" };
  }
  const shift = shiftOf(workshop, instr, r);
  if (shift) return { kind: "shift", shift };
  const parts = partsNeeded(def);
  if (!parts?.includes("block")) return { kind: "given" };
  const sameRows = (a: Ref): boolean => isConst(a) || a.shape[0] === r.shape[0];
  if (!def.args.every((a, k) => parts[k] === "whole" || sameRows(a))) return { kind: "given" };
  const places = workshop.places.get(def.n);
  return isHeavy(def) && places && places.size > 1 && !places.has(instr.n) ? { kind: "given" } : { kind: "op", parts };
}

function shiftOf(workshop: Workshop, instr: ScanInstr, r: TensorRef): Shift | null {
  const { op, attrs, args } = workshop.def(r);
  if (op !== "concat" || attrs["axis"] !== 0 || args.length !== 2) return null;
  for (const [k, arg] of args.entries()) {
    const part = isConst(arg) ? null : workshop.def(arg);
    const of = part?.op === "slice" && part.attrs["axis"] === 0 ? (part.args[0] as TensorRef) : null;
    if (!part || !of || of.shape[0] !== r.shape[0] || !canCut(instr, of)) continue;
    const rows = (of.shape[0] as number) - (part.attrs["len"] as number);
    const isBehind = k === 1;
    if (part.attrs["from"] !== (isBehind ? 0 : rows) || rows > (of.shape[0] as number) / instr.scan.count) continue;
    const source = workshop.source(of);
    const scan = workshop.def(source);
    if (!isScan(scan) || scan.n === instr.n || scan.scan.count !== instr.scan.count) continue;
    const stacked = scan.scan.stacked[source.out - scan.scan.finals.length];
    if (stacked) return { of, scan, stacked, rows, edge: args[1 - k] as Ref, isBehind };
  }
  return null;
}
