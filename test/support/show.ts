/** A System as text, one equation a line, for messages of failing tests. */
import type { Cond, Pos, Read, Slot, System } from "../../src/compiler/system/types.js";

const shift = (n: number): string => (n === 0 ? "" : n > 0 ? `+${n}` : `${n}`);
const pos = (p: Pos): string =>
  p.k === "var" ? p.v + shift(p.shift) : p.k === "start" ? `${p.off}` : `$${shift(p.off)}`;
const cond = (c: Cond): string =>
  c.rel === "in" ? `${pos(c.a)} in ${c.axis}` : `${pos(c.a)} ${c.rel === "lt" ? "<" : "="} ${pos(c.b)}`;
const read = (r: Read): string =>
  `${r.v}[${r.idx.map(pos)}]${r.when.length ? `{${r.when.map(cond).join(" & ")}}` : ""}`;
const slots = (list: readonly Slot[]): string => list.map((s) => `${s.name}<${s.axis}`).join();

export function show(system: System): string {
  const lines: string[] = [];
  for (const v of system.values.values()) {
    const { eq } = v;
    const attrs = eq && Object.keys(eq.attrs).length ? JSON.stringify(eq.attrs) : "";
    const reduction = eq?.red ? `${eq.red.kind}[${slots(eq.red.vars)}] ` : "";
    const along = eq?.along ? `[${eq.along}]` : "";
    const right = eq ? `${reduction}${eq.op}${along}${attrs}(${eq.args.map(read).join(", ")})` : v.role;
    const outside = v.outside === "zero" ? "  outside 0" : "";
    lines.push(`${v.id}[${slots(v.slots)}] : [${v.shape}] = ${right}${outside}`);
    for (const c of v.clauses)
      lines.push(`  where ${c.pins.map((p) => `${p.slot} = ${pos(p.at)}`).join(", ")}: ${read(c.read)}`);
  }
  return lines.join("\n");
}
