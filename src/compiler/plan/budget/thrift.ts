/**
 * Plans with scans that hold less at a time. What lies between two scans, and between a scan and the sums over all its steps,
 * is computed block by block inside of them (`cut.ts`), and the residuals of a forward loop are either kept or, with
 * `again`, computed anew by the backward loop from the carries at the start of each block: T/K carries and the residuals of K
 * steps in the place of those of T (Chen et al. 2016, "Training deep nets with sublinear memory cost").
 */
import { finish, type Plan } from "../plan.js";
import { type Instr, isConst, keyOf, type Ref, scanShapes, size, type TensorRef } from "../types.js";
import { isHeavy, isSumOfBlocks, partsNeeded } from "./blocks.js";
import { ScanCut } from "./cut.js";
import { isScan, type ScanInstr, Workshop } from "./workshop.js";

export interface Thrift {
  /** Are residuals computed again? */
  readonly again: boolean;
}

/** The same results. Sums over steps are taken block by block, so that they may differ by rounding. */
export function thrifty(plan: Plan, { again }: Thrift): Plan {
  const scans = plan.instrs.filter(isScan);
  if (!scans.length) return plan;
  const workshop = new Workshop(plan.instrs, again ? homesOf(plan.instrs, scans) : new Map());
  const cuts = scans.map((scan) => new ScanCut(workshop, scan)).reverse();
  for (const i of plan.instrs) if (isSumOfBlocks(i)) offer(i, cuts);
  return assembled(plan, workshop);
}

/** A sum goes where it costs least, and then as late as it can. */
function offer({ n, args }: Instr, cuts: readonly ScanCut[]): void {
  if (args.some(isConst)) return;
  let best: { readonly cut: ScanCut; readonly heavy: number } | null = null;
  for (const cut of cuts) {
    const heavy = cut.offer(n, args);
    if (heavy !== null && (!best || heavy < best.heavy)) best = { cut, heavy };
  }
  best?.cut.sum(n);
}

/** Each scan that another one, of the other direction, reads block by block: the one that reads most of it. */
function homesOf(instrs: readonly Instr[], scans: readonly ScanInstr[]): Map<number, number> {
  const defs = new Map(instrs.map((i) => [i.n, i]));
  const most = new Map<number, { readonly home: number; readonly size: number }>();
  for (const { n, scan, args } of scans) {
    const read = new Map<number, number>();
    const seen = new Set<string>();
    const visit = (r: Ref): void => {
      if (isConst(r) || seen.has(keyOf(r))) return;
      seen.add(keyOf(r));
      const def = defs.get(r.n) as Instr;
      const isShift = def.op === "concat" || (def.op === "slice" && def.attrs["axis"] === 0);
      if (isScan(def)) {
        if (def.scan.direction === scan.direction || def.scan.count !== scan.count) return;
        if (r.out >= def.scan.finals.length) read.set(def.n, (read.get(def.n) ?? 0) + size(r.shape));
      } else if (def.op === "reshape" || isShift) def.args.forEach(visit);
      else if (!isHeavy(def)) def.args.filter((_, k) => partsNeeded(def)?.[k] === "block").forEach(visit);
    };
    args.slice(scan.next.length, scan.next.length + scan.blocks).forEach(visit);
    for (const [other, bytes] of read)
      if (bytes > (most.get(other)?.size ?? 0)) most.set(other, { home: n, size: bytes });
  }
  return new Map([...most].map(([n, { home }]) => [n, home]));
}

function assembled(plan: Plan, workshop: Workshop): Plan {
  const finished = new Map([...workshop.cuts].map(([n, cut]) => [n, cut.finish()]));
  const renamed = (r: Ref): Ref => {
    if (isConst(r)) return r;
    const at: TensorRef = { ...(workshop.moved.get(r.n) ?? r) };
    const scan = finished.get(at.n);
    return scan ? { ...at, out: scan.numberOf(at.out) } : at;
  };
  const instrs = new Map<number, Instr>();
  for (const i of workshop.instrs) {
    if (workshop.moved.has(i.n)) continue;
    const own = finished.get(i.n)?.instr ?? i;
    const { scan } = own;
    instrs.set(i.n, { ...own, args: own.args.map(renamed), ...(scan ? { shapes: scanShapes(scan) } : {}) });
  }
  const outputs = new Map([...plan.outputs].map(([id, o]) => [id, { ...o, ref: renamed(o.ref) }]));
  return finish({ instrs: inOrder(instrs) }, outputs);
}

/** Every instruction after what it reads; otherwise as they come. */
function inOrder(instrs: ReadonlyMap<number, Instr>): Instr[] {
  const done = new Set<number>();
  const order: Instr[] = [];
  for (const first of instrs.keys()) {
    const open = [first];
    for (let n = open.at(-1); n !== undefined; n = open.at(-1)) {
      const i = instrs.get(n) as Instr;
      const missing = done.has(n) ? [] : i.args.flatMap((a) => (isConst(a) || done.has(a.n) ? [] : [a.n]));
      if (missing.length) {
        open.push(...missing);
        if (open.length > 4 * instrs.size + 1000) throw new Error("a plan that reads what comes of it");
        continue;
      }
      open.pop();
      if (done.has(n)) continue;
      done.add(n);
      order.push(i);
    }
  }
  return order;
}
