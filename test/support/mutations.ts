/** Small wrong changes: a test that lets one of them through does not test. */
import type { Expr } from "../../src/compiler/system/expr.js";
import { E } from "../../src/compiler/system/expr.js";
import type { Pos, Read, System, Value } from "../../src/compiler/system/types.js";

export interface Mutant<T> {
  readonly what: string;
  readonly value: T;
}

/** An adjoint with a sign flipped, a factor or a term dropped, a choice turned round, a slice moved. */
export function mutantsOf(e: Expr): Mutant<Expr>[] {
  return [{ what: "sign flipped", value: E.neg(e) }, { what: "doubled", value: E.affine(2, 0, e) }, ...inside(e)];
}

function inside(e: Expr): Mutant<Expr>[] {
  if (e.e !== "op") return [];
  const out: Mutant<Expr>[] = [];
  const { op, args, attrs } = e;
  const without = (i: number): readonly Expr[] => args.filter((_, k) => k !== i);
  if (op === "mul" || op === "add")
    for (const i of args.keys()) {
      const rest = without(i);
      const value = rest.length > 1 ? { ...e, args: rest } : (rest[0] as Expr);
      if (rest.length) out.push({ what: `${op}: argument ${i} dropped`, value });
    }
  if (op === "scale") out.push({ what: "scale: factor dropped", value: args[1] as Expr });
  if (op === "div") out.push({ what: "div: divisor dropped", value: args[0] as Expr });
  if (op === "where")
    out.push({ what: "where: branches swapped", value: { ...e, args: [args[0], args[2], args[1]] as Expr[] } });
  if (op === "affine") {
    const [a, b] = [attrs["a"] as number, attrs["b"] as number];
    out.push({ what: "affine: factor negated", value: { ...e, attrs: { a: -a, b } } });
    out.push({ what: "affine: constant moved", value: { ...e, attrs: { a, b: b + 1 } } });
  }
  if (op === "slice" || op === "pad") {
    const from = attrs["from"] as number;
    out.push({ what: `${op}: moved by one`, value: { ...e, attrs: { ...attrs, from: from > 0 ? from - 1 : 1 } } });
  }
  for (const [i, a] of args.entries())
    for (const m of inside(a))
      out.push({ what: `${op}.${i}: ${m.what}`, value: { ...e, args: args.map((x, k) => (k === i ? m.value : x)) } });
  return out;
}

/** A System with one read of one of the values `ids` shifted by one, one guard or one term dropped, one sum with another sign. */
export function systemMutants(system: System, ids: Iterable<string>): Mutant<System>[] {
  const out: Mutant<System>[] = [];
  for (const id of ids) {
    const v = system.values.get(id) as Value;
    const { eq } = v;
    if (!eq) continue;
    const put = (what: string, next: Value["eq"]): void => {
      const values = new Map(system.values).set(id, { ...v, eq: next });
      out.push({ what: `${id}: ${what}`, value: { axes: system.axes, values } });
    };
    const replace = (i: number, r: Read) => ({ ...eq, args: eq.args.map((a, k) => (k === i ? r : a)) });
    for (const [i, r] of eq.args.entries()) {
      for (const [k, p] of r.idx.entries()) {
        if (p.k === "var" && p.shift === 0) continue;
        const moved: Pos = p.k === "var" ? { ...p, shift: p.shift - 1 } : { ...p, off: p.off + 1 };
        put(`${r.v} read one off`, replace(i, { ...r, idx: r.idx.map((q, n) => (n === k ? moved : q)) }));
      }
      for (const c of r.when)
        put(`${r.v} read without a guard`, replace(i, { ...r, when: r.when.filter((w) => w !== c) }));
      if (eq.op === "add" && eq.args.length > 1)
        put(`term ${r.v} dropped`, { ...eq, args: eq.args.filter((a) => a !== r) });
    }
    if (eq.op === "only") {
      const [, index] = eq.args as [Read, Read];
      const own = system.values.get(index.v) as Value;
      for (const other of system.values.values())
        if (other.id !== own.id && other.dtype === "int" && JSON.stringify(other.slots) === JSON.stringify(own.slots))
          put(`${other.id} chooses`, replace(1, { ...index, v: other.id }));
      const { slot: _, ...attrs } = eq.attrs;
      const wrong = eq.red?.vars.find((s) => s.name !== eq.attrs["slot"] && s.axis !== "#")?.name;
      if (wrong) put(`chosen along ${wrong}`, { ...eq, attrs: { ...attrs, slot: wrong } });
      put("nothing is chosen", { ...eq, op: "id", attrs: {}, args: eq.args.slice(0, 1) });
    }
    if (eq.red && eq.op === "id") put("another sign", { ...eq, op: "affine", attrs: { a: -1, b: 0 } });
  }
  return out;
}
