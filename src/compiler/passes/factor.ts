import { SystemBuilder } from "../system/builder.js";
import { E, ofRead } from "../system/expr.js";
import type { Read, System, Value } from "../system/types.js";
import { eliminate } from "./dce.js";
import { type Depths, depths } from "./depth.js";
import { groupBy, seeThrough, useCounts } from "./rewrite.js";
import type { Pass } from "./types.js";

export const factor: Pass = {
  name: "factor",
  doc: "a·x + b·x inside a loop, with a and b known before it, is (a + b)·x.",
  run(system, keep) {
    const depth = depths(system);
    const uses = useCounts(system);
    const builder = new SystemBuilder(system);
    for (const v of system.values.values()) {
      if (v.eq?.op !== "add" || v.eq.red || !depth.of(v.id)) continue;
      const terms = v.eq.args.map((r) => ({ r, term: term(system, depth, uses, keep, v, r) }));
      const groups = groupBy(terms, ({ term }) => term && JSON.stringify(term.inner)).filter((g) => g.length > 1);
      if (!groups.length) continue;
      const rest = terms.filter((t) => !groups.some((g) => g.includes(t))).map((t) => t.r);
      const factored = groups.map((group) => {
        const known = group.map(({ term }) => {
          const { coefficient, known } = term as Term;
          const product = known.length ? E.mul(...known.map(ofRead)) : E.num(1, v.shape);
          return coefficient === 1 ? product : E.affine(coefficient, 0, product);
        });
        const [{ inner }] = group.map(({ term }) => term as Term) as [Term];
        return builder.emit(E.mul(E.add(...known), ...inner.map(ofRead)), v.slots, `${v.id}.factored`);
      });
      const args = [...rest, ...factored];
      const eq = args.length > 1 ? { ...v.eq, args } : { ...v.eq, op: "id", args };
      builder.values.set(v.id, { ...builder.get(v.id), eq });
    }
    return eliminate(builder.finish(), keep);
  },
};

/** coefficient · known · inner */
interface Term {
  readonly coefficient: number;
  readonly known: readonly Read[];
  readonly inner: readonly Read[];
}

/** A product with a part that is known before the loop. Nobody else may read it: it would have to stay as well. */
function term(
  system: System,
  depth: Depths,
  uses: ReadonlyMap<string, number>,
  keep: ReadonlySet<string>,
  v: Value,
  r: Read,
): Term | null {
  const inner = seeThrough(system.values, r);
  if (!inner || uses.get(r.v) !== 1 || keep.has(r.v) || inner.value.slots.length !== v.slots.length) return null;
  if (inner.eq.op === "affine" && inner.eq.attrs["b"] === 0) {
    const product = term(system, depth, uses, keep, v, inner.args[0] as Read);
    const a = inner.eq.attrs["a"] as number;
    return product && { ...product, coefficient: a * product.coefficient };
  }
  if (inner.eq.op !== "mul") return null;
  const known = inner.args.filter((a) => depth.isBefore(v.id, a));
  const rest = inner.args.filter((a) => !known.includes(a));
  if (!known.length || !rest.length) return null;
  return { coefficient: 1, known, inner: [...rest].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) };
}
