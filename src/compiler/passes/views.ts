import { SystemBuilder } from "../system/builder.js";
import { E, ofRead } from "../system/expr.js";
import type { Eq, Read, Value } from "../system/types.js";
import { eliminate } from "./dce.js";
import { type Seen, sameRead, seeThrough, useCounts } from "./rewrite.js";
import type { Pass } from "./types.js";

export const views: Pass = {
  name: "views",
  doc: "Cancel slices, pads, concatenations, transposes and reshapes; a sum of pads that tile the whole is a concatenation.",
  run(system, keep) {
    const builder = new SystemBuilder(system);
    const uses = useCounts(system);
    for (const id of system.values.keys())
      for (let again = true; again; ) {
        const v = builder.get(id);
        const next = v.eq && v.eq.red === null ? cancel(builder, uses, v, v.eq) : null;
        if (next) builder.values.set(id, { ...builder.get(id), eq: next });
        again = next !== null;
      }
    return eliminate(builder.finish(), keep);
  },
};

type Uses = ReadonlyMap<string, number>;

const num = (eq: Eq, key: string): number => eq.attrs[key] as number;

function cancel(builder: SystemBuilder, uses: Uses, v: Value, eq: Eq): Eq | null {
  const [x] = eq.args;
  if (!x) return null;
  const inner = seeThrough(builder.values, x);
  const to = (op: string, args: readonly Read[], attrs: Eq["attrs"] = {}): Eq => ({ ...eq, op, args, attrs });
  switch (eq.op) {
    case "transpose":
      return inner?.eq.op === "transpose" ? to("id", inner.args) : null;
    case "reshape":
      if (builder.get(x.v).shape.join() === v.shape.join()) return to("id", [x]);
      return inner?.eq.op === "reshape" ? to("reshape", inner.args, eq.attrs) : null;
    case "slice":
      if (num(eq, "len") === builder.get(x.v).shape[0]) return to("id", [x]);
      return inner && sliceOf(builder, v, eq, inner);
    case "concat":
      return joined(builder, uses, v, eq);
    case "add":
      return padsToConcat(builder, v, eq);
    default:
      return null;
  }
}

/** A slice of a slice, of a concatenation, of a pad. */
function sliceOf(builder: SystemBuilder, v: Value, eq: Eq, inner: Seen): Eq | null {
  const [from, len] = [num(eq, "from"), num(eq, "len")];
  const slice = (x: Read, at: number): Eq =>
    at === 0 && builder.get(x.v).shape[0] === len
      ? { ...eq, op: "id", args: [x], attrs: {} }
      : { ...eq, args: [x], attrs: { from: at, len } };
  if (inner.eq.op === "slice") return slice(inner.args[0] as Read, from + num(inner.eq, "from"));
  if (inner.eq.op === "pad") {
    const [x] = inner.args as [Read];
    const at = from - num(inner.eq, "from");
    const size = builder.get(x.v).shape[0] as number;
    if (at >= 0 && at + len <= size) return slice(x, at);
    if (at + len <= 0 || at >= size) return { ...eq, op: "const", args: [], attrs: { value: 0, shape: [...v.shape] } };
    return null;
  }
  if (inner.eq.op !== "concat") return null;
  let at = 0;
  for (const part of inner.args) {
    const size = builder.get(part.v).shape[0] as number;
    if (at <= from && from + len <= at + size) return slice(part, from - at);
    at += size;
  }
  return null;
}

/** A concatenation of adjacent slices of one value is one slice of it; concatenations in it are opened where nobody else reads them. */
function joined(builder: SystemBuilder, uses: Uses, v: Value, eq: Eq): Eq | null {
  if (eq.args.length === 1) return { ...eq, op: "id", attrs: {} };
  interface Part {
    readonly read: Read;
    readonly slice: { readonly of: Read; readonly from: number; readonly len: number } | null;
  }
  let changed = false;
  const parts: Part[] = [];
  const opened = eq.args.flatMap((r) => {
    const inner = seeThrough(builder.values, r);
    if (inner?.eq.op !== "concat" || inner.value.slots.length !== v.slots.length || uses.get(r.v) !== 1) return [r];
    changed = true;
    return inner.args;
  });
  for (const r of opened) {
    const inner = seeThrough(builder.values, r);
    const slice =
      inner?.eq.op === "slice"
        ? { of: inner.args[0] as Read, from: num(inner.eq, "from"), len: num(inner.eq, "len") }
        : null;
    const last = parts.at(-1);
    if (slice && last?.slice && sameRead(slice.of, last.slice.of) && last.slice.from + last.slice.len === slice.from) {
      const whole = { of: slice.of, from: last.slice.from, len: last.slice.len + slice.len };
      parts[parts.length - 1] = { read: last.read, slice: whole };
      changed = true;
    } else parts.push({ read: r, slice });
  }
  if (!changed) return null;
  const reads = parts.map(({ read, slice }) => {
    const own = seeThrough(builder.values, read);
    const isOwn = !slice || (own?.eq.op === "slice" && num(own.eq, "len") === slice.len);
    return isOwn ? read : builder.emit(E.slice(ofRead(slice.of), slice.from, slice.len), v.slots, `${v.id}.part`);
  });
  return reads.length === 1 ? { ...eq, op: "id", args: reads, attrs: {} } : { ...eq, args: reads };
}

/** The adjoint of `split`: a sum of pads that tile the whole is their concatenation, so that one matmul follows. */
function padsToConcat(builder: SystemBuilder, v: Value, eq: Eq): Eq | null {
  const pads = eq.args
    .flatMap((r) => {
      const inner = seeThrough(builder.values, r);
      return inner?.eq.op === "pad" ? [{ r, from: num(inner.eq, "from"), part: inner.args[0] as Read }] : [];
    })
    .sort((a, b) => a.from - b.from);
  let end = 0;
  for (const p of pads) {
    if (p.from !== end) return null;
    end += builder.get(p.part.v).shape[0] as number;
  }
  if (pads.length < 2 || end !== v.shape[0]) return null;
  const parts = pads.map((p) => p.part);
  const rest = eq.args.filter((r) => !pads.some((p) => p.r === r));
  if (!rest.length) return { ...eq, op: "concat", args: parts, attrs: {} };
  const whole = builder.emit(E.concat(...parts.map(ofRead)), v.slots, `${v.id}.cat`);
  return { ...eq, args: [...rest, whole] };
}
