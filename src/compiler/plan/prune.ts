/** Scans cut down to the results that something reads: to the carries, blocks and instructions that these need. */
import { type Instr, isConst, liveInstrs, type Ref, type Scan, type TensorRef } from "./types.js";

/** What the results need, in order; scans without what nobody needs. The results may be other ones of their scans then. */
export function pruned(
  instrs: readonly Instr[],
  results: readonly Ref[],
): { readonly instrs: Instr[]; readonly moved: (r: Ref) => Ref } {
  if (!instrs.some((i) => i.scan)) return { instrs: liveInstrs(instrs, results), moved: (r) => r };
  const wanted = new Map<number, Set<number>>();
  const want = (r: Ref): void => {
    if (isConst(r)) return;
    const outs = wanted.get(r.n);
    if (outs) outs.add(r.out);
    else wanted.set(r.n, new Set([r.out]));
  };
  for (const r of results) want(r);
  const kept: Instr[] = [];
  const outs = new Map<number, readonly number[]>();
  // whatever reads an instruction comes after it
  for (const i of [...instrs].reverse()) {
    const own = wanted.get(i.n);
    if (!own) continue;
    const instr = i.scan ? prunedScan(i, i.scan, own) : i;
    if (i.scan)
      outs.set(
        i.n,
        [...own].sort((a, b) => a - b),
      );
    for (const a of instr.args) want(a);
    kept.push(instr);
  }
  const moved = (r: Ref): Ref => {
    const order = isConst(r) ? undefined : outs.get(r.n);
    return order && !isConst(r) ? { ...r, out: order.indexOf(r.out) } : r;
  };
  return { instrs: kept.reverse().map((i) => ({ ...i, args: i.args.map(moved) })), moved };
}

function prunedScan(i: Instr, scan: Scan, outs: ReadonlySet<number>): Instr {
  const finals = scan.finals.filter((_, k) => outs.has(k));
  const stacked = scan.stacked.filter((_, k) => outs.has(scan.finals.length + k));
  const carries = new Set(scan.until === undefined ? finals : [...finals, scan.until]);
  let body: Instr[] = [];
  // what a carry becomes may need other carries
  for (let before = -1; before !== carries.size; ) {
    before = carries.size;
    body = liveInstrs(scan.body, [...stacked, ...[...carries].map((k) => scan.next[k] as TensorRef)]);
    for (const k of numbers(body, "carry")) carries.add(k);
  }
  const own = [...carries].sort((a, b) => a - b);
  const blocks = numbers(body, "block");
  const wholes = numbers(body, "whole");
  const first = scan.next.length;
  const names = new Map<string, string>([
    ...own.map((k, to) => [`carry${k}`, `carry${to}`] as const),
    ...blocks.map((k, to) => [`block${k}`, `block${to}`] as const),
    ...wholes.map((k, to) => [`whole${k}`, `whole${to}`] as const),
  ]);
  const args = [...own, ...blocks.map((k) => first + k), ...wholes.map((k) => first + scan.blocks + k)];
  return {
    ...i,
    args: args.map((k) => i.args[k] as Ref),
    shapes: i.shapes.filter((_, k) => outs.has(k)),
    scan: {
      ...scan,
      body: body.map((b) =>
        b.op === "given" ? { ...b, attrs: { id: names.get(b.attrs["id"] as string) as string } } : b,
      ),
      next: own.map((k) => scan.next[k] as TensorRef),
      blocks: blocks.length,
      finals: finals.map((k) => own.indexOf(k)),
      stacked,
      ...(scan.until !== undefined && { until: own.indexOf(scan.until) }),
    },
  };
}

/** The numbers of what a body is given under a name. */
const numbers = (body: readonly Instr[], name: string): number[] =>
  body
    .flatMap((i) => {
      const id = i.op === "given" ? (i.attrs["id"] as string) : "";
      return id.startsWith(name) ? [Number(id.slice(name.length))] : [];
    })
    .sort((a, b) => a - b);
