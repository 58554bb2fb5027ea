/**
 * Matrices of which only columns are read, by tokens: a device keeps their transposes, whose rows are these columns, so that
 * a gather reads them and its adjoint adds to them as they lie.
 */
import { foldEmbedding } from "../passes/fold-embedding.js";
import { getValue, type System } from "../system/types.js";

/** Parameters that only `col` reads, by id, also once products with small ones are computed before. */
export function tablesOf(system: System): ReadonlySet<string> {
  const tables = new Set<string>();
  const others = new Set<string>();
  const folded = foldEmbedding.run(system, new Set(system.values.keys()));
  for (const v of folded.values.values()) {
    for (const c of v.clauses) others.add(c.read.v);
    for (const [k, r] of (v.eq?.args ?? []).entries()) {
      const { role, slots } = getValue(folded, r.v);
      const isTable = role === "param" && slots.length === 0 && v.eq?.op === "col" && k === 0;
      (isTable ? tables : others).add(r.v);
    }
  }
  return new Set([...tables].filter((id) => !others.has(id)));
}
