import type { Expr } from "../syntax/ast.js";
import { at } from "../system/positions.js";
import type { Pos, Value } from "../system/types.js";
import { position, variable } from "./positions.js";
import { binary, name, number } from "./tree.js";

/** How far beyond the two ends of an axis a value is read. */
interface Reach {
  readonly before: number;
  readonly after: number;
}

/** Collects where values are read outside their domain, to say that they are 0 there. */
export class OutsideReads {
  private readonly reaches = new Map<string, Reach[]>();

  note(value: Value, idx: readonly Pos[]): void {
    const known = this.reaches.get(value.id) ?? value.slots.map(() => ({ before: 0, after: 0 }));
    this.reaches.set(
      value.id,
      known.map(({ before, after }, i) => {
        const [low, high] = reachOf(idx[i]);
        return { before: Math.max(before, low), after: Math.max(after, high) };
      }),
    );
  }

  /** The indices of the clauses: `[T]`, or `[t >= T]` where more than one index beyond is read. */
  of(value: Value): Expr[][] {
    return (this.reaches.get(value.id) ?? []).flatMap(({ before, after }, i) => {
      const slot = value.slots[i];
      if (slot === undefined) return [];
      const [v, end] = [name(variable(slot.name)), name(slot.axis)];
      const all = [
        ...(before === 0 ? [] : [before === 1 ? number(-1) : binary("<", v, number(0))]),
        ...(after === 0 ? [] : [after === 1 ? end : binary(">=", v, end)]),
      ];
      return all.map((outside) =>
        value.slots
          .map((other) =>
            other === slot ? outside : other.axis === "#" ? undefined : position(at(other.name), other.axis),
          )
          .filter((index) => index !== undefined),
      );
    });
  }
}

function reachOf(pos: Pos | undefined): [before: number, after: number] {
  switch (pos?.k) {
    case "var":
      return [Math.max(0, -pos.shift), Math.max(0, pos.shift)];
    case "start":
      return [Math.max(0, -pos.off), 0];
    case "end":
      return [0, Math.max(0, pos.off + 1)];
    case undefined:
      return [0, 0];
  }
}
