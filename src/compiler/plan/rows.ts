/**
 * Indices that are data. x[i] is a gather of rows of x laid out as a table, its adjoint a scatter into one: neither makes
 * a tensor with both the dim that is chosen from and those of the index.
 */
import { known, offsets, stridesOf } from "./known.js";
import type { Flat } from "./tensors.js";
import { broadcast, type Instr, isConst, type Ref, size, type TensorRef } from "./types.js";

/** Along which dim is chosen, by which index. */
export interface Choice {
  readonly flat: Flat;
  /** How many dims there are before the features. */
  readonly rank: number;
  /** Its position among the dims, and its extent. */
  readonly dim: number;
  readonly n: number;
  /** The index that its first entry is. */
  readonly from: number;
  /** Integers, over `rank` dims, 1 along `dim`. Outside of from … from + n − 1 there is nothing. */
  readonly index: Ref;
  /** Where a sample ends before n: integers like the index. */
  readonly limit: Ref | null;
  /** Is the index always that of an entry? */
  readonly isSure: boolean;
}

/** The entries of `table`, [dims…, features…], at the index: [dims…, features…] with 1 along the dim. */
export function gatherAlong(choice: Choice, table: TensorRef, features: readonly number[]): Ref {
  const { flat, dim, n, index, from } = choice;
  const lead = table.shape.slice(0, table.shape.length - features.length);
  if (isConst(index) && !choice.limit) {
    const i = index.c - from;
    if (i < 0 || i >= n) return flat.constant(0, table.int);
    const entry = flat.entry(table, dim, i);
    return flat.reshape(entry, [...replaced(lead, dim, 1), ...features]);
  }
  const own = indexShape(choice);
  const shared = lead.some((d, k) => k !== dim && d !== 1 && own[k] !== 1);
  return shared ? gatherRows(choice, table, features, lead, own) : gatherSlabs(choice, table, features, lead, own);
}

/** Index and table have dims in common, such as the batch: each place has its own row. */
function gatherRows(
  choice: Choice,
  table: TensorRef,
  features: readonly number[],
  lead: readonly number[],
  own: readonly number[],
): Ref {
  const { flat, dim } = choice;
  const strides = stridesOf(lead);
  const shape = broadcast(replaced(lead, dim, 1), own);
  const others = strides.map((s, k) => (k === dim || lead[k] === 1 ? 0 : s));
  const rows = rowNumbers(choice, shape, strides[dim] as number, others);
  return gather(choice, flat.reshape(table, [size(lead), ...features]) as TensorRef, rows, features, [
    ...shape,
    ...features,
  ]);
}

/** Whatever the index does not depend on moves along with each entry. */
function gatherSlabs(
  choice: Choice,
  table: TensorRef,
  features: readonly number[],
  lead: readonly number[],
  own: readonly number[],
): Ref {
  const { flat, dim, n } = choice;
  const along = own.flatMap((d, k) => (d === 1 ? [] : [k]));
  const kept = lead.flatMap((d, k) => (k === dim || d === 1 ? [] : [k]));
  const sizes = kept.map((k) => lead[k] as number);
  const last = features.map((_, k) => lead.length + k);
  const ones = lead.flatMap((d, k) => (k !== dim && d === 1 ? [k] : []));
  const front = flat.transpose(table, [dim, ...ones, ...kept, ...last]);
  const rows = rowNumbers(
    choice,
    own,
    1,
    own.map(() => 0),
  );
  const width = [...sizes, ...features];
  const counts = along.map((k) => own[k] as number);
  const found = gather(choice, flat.reshape(front, [n, ...width]) as TensorRef, rows, width, [...counts, ...width]);
  // [index…, kept…, features…] → in the order of the dims
  const have = [...along, ...kept];
  const order = [...have].sort((a, b) => a - b);
  const moved = flat.transpose(found, [
    ...order.map((k) => have.indexOf(k)),
    ...features.map((_, k) => have.length + k),
  ]);
  return flat.reshape(moved, [...broadcast(replaced(lead, dim, 1), own), ...features]);
}

/**
 * Sums of x, [dims…, features…] with 1 along the dim, into the entries at the index: [dims…, features…] with n along the
 * dim and 1 at the `reduced` ones. The index has every reduced dim.
 */
export function scatterAlong(choice: Choice, x: Ref, features: readonly number[], reduced: readonly number[]): Ref {
  const { flat, dim, n } = choice;
  const own = indexShape(choice);
  const lead = isConst(x) ? own : broadcast(x.shape.slice(0, own.length), own);
  const out = lead.map((d, k) => (k === dim ? n : reduced.includes(k) ? 1 : d));
  const strides = stridesOf(out);
  const others = strides.map((s, k) => (k === dim || reduced.includes(k) ? 0 : s));
  const rows = rowNumbers(choice, lead, strides[dim] as number, others);
  const values = flat.reshape(flat.full(x, [...lead, ...features]), [size(lead), ...features]);
  const table = flat.one("scatter", [values, rows], { n: size(out) }, [size(out), ...features]);
  return flat.reshape(table, [...out, ...features]);
}

const replaced = (shape: readonly number[], k: number, by: number): number[] => shape.map((d, i) => (i === k ? by : d));

function indexShape({ flat, rank, index, limit }: Choice): number[] {
  const own = broadcast(new Array<number>(rank).fill(1), flat.shapeOf(index));
  return limit ? broadcast(own, flat.shapeOf(limit)) : own;
}

/** The number of the row that each place of `shape` means: stride · index + its own offset; −1 where there is none. */
function rowNumbers(choice: Choice, shape: readonly number[], stride: number, strides: readonly number[]): Ref {
  const { flat, n, limit, from } = choice;
  const index = choice.index;
  const numbers = limit ? null : known(flat, flat.full(index, shape));
  if (numbers) {
    const base = offsets(shape, strides);
    const rows = numbers.map((i, k) => (i >= from && i < from + n ? (i - from) * stride + (base[k] as number) : -1));
    return flat.literal(rows, [size(shape)]);
  }
  const source = entryOf(flat, index);
  if (source) {
    // one of many entries: all of them at once, outside of the loop
    const { whole, count, k } = source;
    const all = flat.reshape(whole, [count, ...flat.shapeOf(index)]);
    const wide = limit && !isConst(limit) ? flat.reshape(limit, [1, ...limit.shape]) : limit;
    const rows = rowNumbers({ ...choice, index: all, limit: wide }, [count, ...shape], stride, [0, ...strides]);
    return flat.entry(flat.reshape(rows, [count, size(shape)]), 0, k);
  }
  const args = [index, ...(limit ? [limit] : [])].map((r) => flat.full(r, shape));
  const rows = flat.one("rows", args, { n, from, stride, strides }, shape, true);
  return flat.reshape(rows, [size(shape)]);
}

/** What an index is an entry of, along its first dim. */
function entryOf(flat: Flat, r: Ref): { whole: Ref; count: number; k: number } | null {
  if (isConst(r)) return null;
  let at: TensorRef = r;
  let def = flat.instrs[at.n] as Instr;
  if (def.op === "reshape") {
    at = def.args[0] as TensorRef;
    def = flat.instrs[at.n] as Instr;
  }
  return def.op === "unstack" ? { whole: def.args[0] as Ref, count: def.shapes.length, k: at.out } : null;
}

function gather(
  { flat, isSure }: Choice,
  table: TensorRef,
  rows: Ref,
  width: readonly number[],
  shape: readonly number[],
): Ref {
  const count = size(flat.shapeOf(rows));
  return flat.reshape(
    flat.one("gather", [table, rows], isSure ? {} : { missing: true }, [count, ...width], table.int),
    shape,
  );
}
