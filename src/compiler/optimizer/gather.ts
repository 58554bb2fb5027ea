/**
 * Gathers scalar factors: s·(x/c)/y becomes (s/c)·(x/y), so that a tensor is multiplied once, by a number that is known
 * before. Only for Systems without axes, which is what a step of an optimiser is.
 */
import { eliminate } from "../passes/dce.js";
import { useCounts } from "../passes/rewrite.js";
import { SystemBuilder } from "../system/builder.js";
import { E, type Expr, read } from "../system/expr.js";
import { type Eq, getValue, type Read, type System, type Value } from "../system/types.js";

/** coefficient · Π scalars · rest */
interface Factored {
  readonly coefficient: number;
  readonly scalars: readonly Expr[];
  readonly rest: Expr;
}

export function gatherScalars(system: System, keep: ReadonlySet<string>): System {
  const uses = useCounts(system);
  const builder = new SystemBuilder(system);
  const ident = (id: string): Expr => read(id, []);
  const isInner = (v: Value): boolean => v.eq !== null && uses.get(v.id) === 1 && !keep.has(v.id) && v.shape.length > 0;

  const argument = (v: Value, i: number): string => ((v.eq as Eq).args[i] as Read).v;
  const whole = (id: string): Factored => ({ coefficient: 1, scalars: [], rest: ident(id) });
  const open = (id: string): Factored => {
    const v = getValue(system, id);
    return isInner(v) ? factored(v) : whole(id);
  };
  const factored = (v: Value): Factored => {
    switch (v.eq?.op) {
      case "affine": {
        if (v.eq.attrs["b"] !== 0) break;
        const x = open(argument(v, 0));
        return { ...x, coefficient: (v.eq.attrs["a"] as number) * x.coefficient };
      }
      case "scale": {
        const x = open(argument(v, 1));
        return { ...x, scalars: [ident(argument(v, 0)), ...x.scalars] };
      }
      case "div": {
        const [x, y] = [open(argument(v, 0)), open(argument(v, 1))];
        return {
          coefficient: x.coefficient / y.coefficient,
          scalars: [...x.scalars, ...y.scalars.map((s) => E.div(E.num(1), s))],
          rest: E.div(x.rest, y.rest),
        };
      }
      case "mul": {
        const parts = v.eq.args.map((r) => open(r.v));
        return {
          coefficient: parts.reduce((p, x) => p * x.coefficient, 1),
          scalars: parts.flatMap((x) => x.scalars),
          rest: E.mul(...parts.map((x) => x.rest)),
        };
      }
      default:
    }
    return whole(v.id);
  };

  for (const v of system.values.values()) {
    if (!v.eq || !v.shape.length) continue;
    const { coefficient, scalars, rest } = factored(v);
    if (!scalars.length) continue;
    const product = E.mul(...scalars);
    const factor = coefficient === 1 ? product : E.affine(coefficient, 0, product);
    builder.equate(v.id, E.scale(factor, rest));
  }
  return eliminate(builder.finish(), keep);
}
