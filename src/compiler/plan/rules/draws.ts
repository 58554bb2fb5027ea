/** Draws that are computed where they stand. */
import { num, nums } from "../../ops/types.js";
import { type Ref, size } from "../types.js";
import { type Call, commonLead, map, rows, withFeatures } from "./types.js";

export const draws = {
  choose: map((c) => {
    const { flat } = c;
    const [, given, , u, how] = c.args as [Ref, Ref, Ref, Ref?, Ref?];
    const lead = commonLead(c, c.args.slice(0, u ? 4 : 3));
    const count = size(lead);
    const wide = (i: number): Ref => rows(c, withFeatures(c, i, lead), lead, c.shapes[i] as number[]);
    const single = (x: Ref): Ref => flat.reshape(flat.full(x, lead), [count]);
    const own = [wide(0), single(given), wide(2)];
    const args = u && how ? [...own, single(u), ...numbersOf(c)] : own;
    const attrs = { never: nums(c.attrs, "never"), end: num(c.attrs, "end"), free: c.attrs["free"] === true };
    return flat.reshape(flat.one("choose", args, attrs, [count, 3]), [...lead, 3]);
  }),
} as const;

/** The temperature, and `top_k` and `top_p` where values are left out: the same for all rows. */
function numbersOf(c: Call): Ref[] {
  const { flat } = c;
  const count = c.shapes[4]?.[0] as number;
  const how = flat.reshape(withFeatures(c, 4), [count]);
  const numbers = Array.from({ length: count }, (_, k) => flat.reshape(flat.slice(how, 0, k, 1), []));
  return numbers.map((x, k) => (k === 1 ? flat.int(x) : x));
}
