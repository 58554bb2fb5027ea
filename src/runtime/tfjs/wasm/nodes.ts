/** The nodes of a static plan: each reads and writes places, by code or on the host. */

import { size } from "../../../compiler/plan/types.js";
import type { Body } from "./body.js";
import type { Shared } from "./kernels.js";
import { addLoop, type Loop, simplified } from "./loops.js";
import type { ModuleWriter } from "./module.js";
import { addGather, addScatter, addTurn } from "./moves.js";
import { BLOCK, PANEL } from "./packing.js";
import { entry, isStraight, newRoot, type Place, whole } from "./places.js";
import { addArgmax, addReduction } from "./reductions.js";
import { addSoftmax, addXent } from "./softmax.js";

/** Code under construction. */
export interface Writer {
  readonly f: Body;
  readonly module: ModuleWriter;
  /** Leaves the address of a place on the stack, `more` bytes further. */
  address(p: Place, more?: number): void;
  /** A function of the plan, made once for each key. */
  own(key: string, make: () => number): number;
  shared(name: Shared): number;
}

/** What the host gives a node that it runs. */
export interface Host<H> {
  handle(p: Place, int: boolean): H;
  /** Moves a tensor to its place and frees it. */
  take(handle: H, p: Place): void;
  drop(handle: H): void;
}

interface Touches {
  readonly reads: readonly Place[];
  readonly writes: readonly Place[];
}

export interface CodeNode extends Touches {
  readonly kind: "code";
  emit(w: Writer): void;
}

export interface HostNode<H> extends Touches {
  readonly kind: "host";
  run(host: Host<H>): void;
}

export type Node<H> = CodeNode | HostNode<H>;

const coded = (reads: readonly Place[], writes: readonly Place[], emit: (w: Writer) => void): CodeNode => ({
  kind: "code",
  reads,
  writes,
  emit,
});

/** Calls a function with the addresses of places. */
const call =
  (places: readonly Place[], key: string, make: (module: ModuleWriter) => number) =>
  (w: Writer): void => {
    for (const p of places) w.address(p);
    w.f.call(w.own(key, () => make(w.module)));
  };

/** Text that tells loops apart, also by their numbers without a form in JSON. */
const keyOf = (loop: Loop): string =>
  JSON.stringify(loop, (_, v) =>
    typeof v === "number" && (!Number.isFinite(v) || Object.is(v, -0)) ? `${1 / v} ${v}` : v,
  );

/** Operands of a loop, with a stride for each of its dims. */
export function loopNode(loop: Loop, ins: readonly Place[], outs: readonly Place[]): CodeNode {
  const simple = simplified(loop);
  return coded(
    ins,
    outs,
    call([...ins, ...outs], keyOf(simple), (m) => addLoop(m, simple)),
  );
}

/** From and to places of one shape. */
export function copyNode(from: Place, to: Place): CodeNode {
  const loop = simplified({
    dims: from.shape,
    ins: [from.strides],
    ops: [{ op: "copy", args: [{ kind: "in", k: 0 }] }],
    outs: [{ op: 0, strides: to.strides }],
  });
  const [ins, outs, { dims }] = [loop.ins[0] as number[], loop.outs[0]?.strides as number[], loop];
  const last = dims.length - 1;
  const n = dims[last] as number;
  if (last === 0 && ins[0] === 1 && outs[0] === 1 && n >= 32)
    return coded([from], [to], (w) => {
      w.address(to);
      w.address(from);
      w.f.i32(4 * n).memoryCopy();
    });
  if (last > 0 && ins[last - 1] === 1 && outs[last] === 1 && ins[last] !== 0)
    return coded(
      [from],
      [to],
      call([from, to], `turn ${dims};${ins};${outs}`, (m) => addTurn(m, dims, ins, outs)),
    );
  return coded(
    [from],
    [to],
    call([from, to], keyOf(loop), (m) => addLoop(m, loop)),
  );
}

export function zerosNode(to: Place): CodeNode {
  if (isStraight(to))
    return coded([], [to], (w) => {
      w.address(to);
      w.f
        .i32(0)
        .i32(4 * size(to.shape))
        .memoryFill();
    });
  const loop = simplified({
    dims: to.shape,
    ins: [],
    ops: [{ op: "copy", args: [{ kind: "number", value: 0, int: false }] }],
    outs: [{ op: 0, strides: to.strides }],
  });
  return coded(
    [],
    [to],
    call([to], keyOf(loop), (m) => addLoop(m, loop)),
  );
}

/** Does each row lie in one piece? */
export const hasRows = (p: Place): boolean => isStraight(entry(p, 0));

export function gatherNode(table: Place, index: Place, to: Place): CodeNode {
  const rows = { count: size(index.shape), width: size(table.shape.slice(1)), stride: table.strides[0] as number };
  return coded(
    [table, index],
    [to],
    call([table, index, to], `gather ${JSON.stringify(rows)}`, (m) => addGather(m, rows)),
  );
}

export function scatterNode(x: Place, index: Place, to: Place): CodeNode {
  const rows = { count: size(index.shape), width: size(x.shape.slice(1)), stride: x.strides[0] as number };
  const n = to.shape[0] as number;
  return coded(
    [x, index],
    [to],
    call([x, index, to], `scatter ${JSON.stringify(rows)} ${n}`, (m) => addScatter(m, rows, n)),
  );
}

export function reductionNode(op: "sum" | "max", axes: readonly number[], x: Place, to: Place): CodeNode {
  const kept = x.shape.map((_, d) => d).filter((d) => !axes.includes(d));
  const strides = x.shape.map((_, d) => (axes.includes(d) ? 0 : (to.strides[kept.indexOf(d)] as number)));
  const { dims, ins, outs } = simplified({ dims: x.shape, ins: [x.strides], ops: [], outs: [{ op: 0, strides }] });
  const [from, own] = [ins[0] as number[], outs[0]?.strides as number[]];
  const reduction = { op, dims, from, to: own, size: size(to.shape) };
  return coded(
    [x],
    [to],
    call([x, to], JSON.stringify(reduction), (m) => addReduction(m, reduction)),
  );
}

export function argmaxNode(x: Place, to: Place): CodeNode {
  const [rows, n] = x.shape as [number, number];
  return coded(
    [x],
    [to],
    call([x, to], `argmax ${rows} ${n}`, (m) => addArgmax(m, rows, n)),
  );
}

export function softmaxNode(x: Place, to: Place): CodeNode {
  const [rows, n] = x.shape as [number, number];
  return coded(
    [x],
    [to],
    call([x, to], `softmax ${rows} ${n}`, (m) => addSoftmax(m, rows, n)),
  );
}

export function xentNode(z: Place, y: Place, loss: Place | null, gradient: Place | null): CodeNode {
  const [rows, n] = z.shape as [number, number];
  const wanted = { loss: loss !== null, gradient: gradient !== null };
  const writes = [loss, gradient].filter((p) => p !== null);
  return coded(
    [z, y],
    writes,
    call([z, y, loss ?? y, gradient ?? y], `xent ${rows} ${n} ${JSON.stringify(wanted)}`, (m) =>
      addXent(m, rows, n, wanted),
    ),
  );
}

/** A factor of a product, ready for it: [batch, rows, columns] of the left one and [batch, columns, …] of the right one. */
export interface Factor {
  readonly place: Place;
  /** In numbers. */
  readonly batch: number;
  /** From row to row; 0: the left one, in blocks. */
  readonly row: number;
  /** From panel to panel, of the right one. */
  readonly panel: number;
}

/** `p`: [batch, M, K]. Null where it must be straight first. */
export function left(
  p: Place,
  packed: (key: string, make: (to: Place) => CodeNode, n: number) => Place,
): Factor | null {
  const [batch, M, K] = p.shape as [number, number, number];
  const [b, m, k] = p.strides as [number, number, number];
  if ((k === 1 || K === 1) && (m > 0 || M === 1))
    return { place: p, batch: b, row: M === 1 ? Math.max(m, 1) : m, panel: 0 };
  if (m !== 1 && M > 1) return null;
  const n = Math.ceil(M / BLOCK) * BLOCK * K;
  const make = (to: Place): CodeNode =>
    coded([p], [to], (w) => {
      each(w, batch, (at) => {
        at(p, b);
        w.f.i32(4 * k);
        at(to, n);
        w.f.i32(M).i32(K).call(w.shared("blocks"));
      });
    });
  return { place: packed("blocks", make, batch * n), batch: n, row: 0, panel: 0 };
}

/** `p`: [batch, K, N], for products of `M` rows. */
export function right(
  p: Place,
  M: number,
  packed: (key: string, make: (to: Place) => CodeNode, n: number) => Place,
): Factor | null {
  const [batch, K, N] = p.shape as [number, number, number];
  const [b, k, n] = p.strides as [number, number, number];
  const isRows = (n === 1 || N === 1) && (k > 0 || K === 1);
  if (isRows && N % PANEL === 0 && M <= BLOCK) return { place: p, batch: b, row: Math.max(k, 1), panel: PANEL };
  const isColumns = k === 1 || K === 1;
  if (!isRows && !(isColumns && n > 0)) return null;
  const own = Math.ceil(N / PANEL) * PANEL * K;
  const make = (to: Place): CodeNode =>
    coded([p], [to], (w) => {
      each(w, batch, (at) => {
        at(p, b);
        w.f.i32(4 * (isRows ? k : n));
        at(to, own);
        w.f
          .i32(K)
          .i32(N)
          .call(w.shared(isRows ? "panels" : "turnedPanels"));
      });
    });
  return { place: packed("panels", make, batch * own), batch: own, row: PANEL, panel: PANEL * K };
}

/** `to`: [batch, M, N], with rows in one piece. */
export function productNode(a: Factor, b: Factor, to: Place, K: number): CodeNode {
  const [batch, M, N] = to.shape as [number, number, number];
  return coded([a.place, b.place], [to], (w) => {
    each(w, batch, (at) => {
      at(a.place, a.batch);
      w.f.i32(4 * a.row);
      at(b.place, b.batch);
      w.f.i32(4 * b.row).i32(4 * b.panel);
      at(to, to.strides[0] as number);
      w.f
        .i32(4 * (to.strides[1] as number))
        .i32(M)
        .i32(N)
        .i32(K)
        .call(w.shared("multiply"));
    });
  });
}

/** Code for each member of a batch; `at` leaves the address of a place, so many numbers further for each. */
function each(w: Writer, batch: number, code: (at: (p: Place, stride: number) => void) => void): void {
  if (batch === 1) return code((p) => w.address(p));
  const k = w.f.local(0x7f);
  w.f.count(k, batch, 1, () =>
    code((p, stride) => {
      w.address(p);
      w.f
        .get(k)
        .i32(4 * stride)
        .scalar("i32.mul")
        .scalar("i32.add");
    }),
  );
}

export const newPlace = (shape: readonly number[]): Place => whole(newRoot("arena", size(shape)), shape);
