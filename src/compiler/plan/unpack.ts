/**
 * Gates that were packed into one tensor, taken apart again: a matmul per gate, σ per gate. One kernel is cheaper to
 * start than four, four keep several cores busy and need no slices; so this is for graphs, and for parts that are not small.
 */
import { inBody, type Rebuilt, rebuilt } from "./bodies.js";
import { copied } from "./copy.js";
import { alongLast, type Borders, bordersOf, lastDim, type Worth } from "./cuts.js";
import type { Plan } from "./plan.js";
import { Flat } from "./tensors.js";
import { type Instr, isConst, keyOf, type Ref, size, type TensorRef } from "./types.js";

export const unpack = (plan: Plan, worth: Worth): Plan => rebuilt(plan, (instrs) => new Unpacking(instrs, worth));

class Unpacking implements Rebuilt {
  readonly flat = new Flat();
  readonly #borders: Borders;
  /** Of each tensor of the plan, what is made for it: the whole, or its parts, or both. */
  readonly #wholes = new Map<string, Ref>();
  readonly #parts = new Map<string, readonly Ref[]>();
  /** How many matmuls read a matrix as its transpose. */
  readonly #turns = new Map<string, number>();

  constructor(
    instrs: readonly Instr[],
    readonly worth: Worth,
  ) {
    this.#borders = bordersOf(instrs, worth);
    for (const i of instrs)
      if (i.op === "matmul" && i.attrs["tb"] === true) {
        const key = keyOf(i.args[1] as TensorRef);
        this.#turns.set(key, (this.#turns.get(key) ?? 0) + 1);
      }
    for (const i of instrs) {
      this.flat.origin = i.origin;
      this.#instr(i);
    }
  }

  moved(r: Ref): Ref {
    if (isConst(r)) return r;
    const key = keyOf(r);
    let made = this.#wholes.get(key);
    if (!made) {
      const parts = this.#parts.get(key) as readonly Ref[];
      made = this.flat.concat(parts, this.#shapes(r), r.shape.length - 1);
      this.#wholes.set(key, made);
    }
    return made;
  }

  #shapes = (r: TensorRef): number[][] => widths(this.#borders(r)).map((w) => [...r.shape.slice(0, -1), w]);

  /** A tensor between borders; where they are its own, its parts. */
  #between(r: Ref, borders: readonly number[]): readonly Ref[] {
    if (isConst(r)) return borders.slice(1).map(() => r);
    const own = this.#borders(r);
    const parts = this.#parts.get(keyOf(r));
    return widths(borders).map((width, k) => {
      const from = borders[k] as number;
      const first = own.indexOf(from);
      const end = own.indexOf(from + width);
      if (parts && first >= 0 && end >= 0) {
        const shapes = this.#shapes(r).slice(first, end);
        return this.flat.concat(parts.slice(first, end), shapes, r.shape.length - 1);
      }
      return this.#slice(this.moved(r), r.shape.length - 1, from, width);
    });
  }

  /** Slices of transposed matrices are transposed slices: those of a parameter lie side by side. */
  #slice(r: Ref, axis: number, from: number, width: number): Ref {
    if (isConst(r) || r.shape[axis] === width) return r;
    const def = this.flat.instrs[r.n] as Instr;
    const perm = def.attrs["perm"] as readonly number[];
    if (def.op !== "transpose") return this.flat.slice(r, axis, from, width);
    return this.flat.transpose(this.flat.slice(def.args[0] as Ref, perm[axis] as number, from, width), perm);
  }

  #instr(i: Instr): void {
    const result: TensorRef = { n: i.n, out: 0, shape: i.shapes[0] as number[], int: i.int };
    const borders = this.#borders(result);
    const axis = result.shape.length - 1;
    if (i.op === "matmul") return this.#matmul(i, result, borders);
    if (borders.length > 2) {
      if (alongLast(i)) return this.#along(i, borders);
      if (i.op === "slice" && i.attrs["axis"] === axis && !isConst(i.args[0] as Ref)) {
        const from = i.attrs["from"] as number;
        const at = borders.map((x) => x + from);
        return this.#keep(result, this.#between(i.args[0] as Ref, at));
      }
      if (i.op === "concat" && i.attrs["axis"] === axis) {
        let at = 0;
        const parts = (i.args as readonly TensorRef[]).flatMap((a) => {
          const [from, to] = [at, at + lastDim(a.shape)];
          at = to;
          return this.#between(
            a,
            borders.filter((x) => x >= from && x <= to).map((x) => x - from),
          );
        });
        return this.#keep(result, parts);
      }
    }
    if (i.op === "slice" && i.attrs["axis"] === axis && !isConst(i.args[0] as Ref)) {
      const from = i.attrs["from"] as number;
      const [part] = this.#between(i.args[0] as Ref, [from, from + lastDim(result.shape)]);
      this.#wholes.set(keyOf(result), part as Ref);
      return;
    }
    if (i.op === "transpose" && axis === 1 && this.#transposed(i, result)) return;
    if (i.op === "sum" && this.#sum(i, result)) return;
    this.#plain(i);
  }

  #keep(r: TensorRef, parts: readonly Ref[]): void {
    this.#parts.set(keyOf(r), parts);
  }

  #plain(i: Instr): void {
    const args = i.args.map((a) => this.moved(a));
    const own = i.scan ? { ...i, scan: inBody(i.scan, (body) => new Unpacking(body, this.worth)) } : i;
    for (const [out, made] of copied(this.flat, own, args).entries()) this.#wholes.set(`${i.n}.${out}`, made);
  }

  /** What is done place by place, part by part. */
  #along(i: Instr, borders: readonly number[]): void {
    const wide = alongLast(i) as readonly TensorRef[];
    const args = i.args.map((a) =>
      wide.some((w) => !isConst(a) && w.n === a.n && w.out === a.out)
        ? this.#between(a, borders)
        : widths(borders).map(() => this.moved(a)),
    );
    const made = widths(borders).map((width, k) => {
      const shapes = i.shapes.map((shape) => [...shape.slice(0, -1), width]);
      const own = args.map((parts) => parts[k] as Ref);
      const [shape] = shapes as [number[]];
      const at = (n: number): Ref[] => shapes.map((s, out) => ({ n, out, shape: s, int: false }));
      switch (i.op) {
        case "reshape":
          return [this.flat.reshape(own[0] as Ref, shape)];
        case "slice":
          return [
            this.flat.slice(
              own[0] as Ref,
              i.attrs["axis"] as number,
              i.attrs["from"] as number,
              i.attrs["len"] as number,
            ),
          ];
        case "full":
          return [this.flat.full(this.flat.constant(i.attrs["value"] as number), shape)];
        case "expand":
          return [this.flat.full(own[0] as Ref, shape)];
        case "concat":
          return [
            this.flat.concat(
              own,
              i.args.map((a) => [...(a as TensorRef).shape.slice(0, -1), width]),
              i.attrs["axis"] as number,
            ),
          ];
        default:
          return at(this.flat.emit(i.op, own, i.attrs, shapes));
      }
    });
    for (const [out, shape] of i.shapes.entries())
      this.#keep(
        { n: i.n, out, shape, int: false },
        made.map((refs) => refs[out] as Ref),
      );
  }

  /** [a b] @ [U; V] = a @ U + b @ V, [a b]ᵀ @ y = [aᵀ @ y; bᵀ @ y], x @ [U V] = [x @ U, x @ V]. */
  #matmul(i: Instr, result: TensorRef, cols: readonly number[]): void {
    const [a, b] = i.args as [TensorRef, TensorRef];
    const { ta, tb } = i.attrs as unknown as { ta: boolean; tb: boolean };
    const rows = ta ? this.#borders(a) : [0, result.shape[0] as number];
    const inner = ta ? [0, a.shape[0] as number] : this.#borders(a);
    const [n, k, m] = [widths(rows), widths(inner), widths(cols)];
    const left = this.#between(a, ta ? rows : inner);
    const turned = tb && this.#isTurned(b, result);
    // the dims of b: summed over, and those of the result's columns
    const [summed, kept] = tb ? [1, 0] : [0, 1];
    const right = m.map((width, c) => {
      const own =
        kept === 1 ? (this.#between(b, cols)[c] as Ref) : this.#slice(this.moved(b), 0, cols[c] as number, width);
      return k.map((depth, j) => {
        const part = this.#slice(own, summed, inner[j] as number, depth);
        return turned ? this.#turned(part as TensorRef) : part;
      });
    });
    const product = (r: number, j: number, c: number): Ref => {
      const args = [left[ta ? r : j] as Ref, right[c]?.[j] as Ref];
      return this.flat.one("matmul", args, { ta, tb: tb && !turned }, [n[r] as number, m[c] as number]);
    };
    const parts = m.map((width, c) => {
      const own = n.map((_, r) => k.map((_, j) => product(r, j, c)).reduce((s, x) => this.flat.add(s, x)));
      return this.flat.concat(
        own,
        n.map((r) => [r, width]),
        0,
      );
    });
    if (parts.length === 1) this.#wholes.set(keyOf(result), parts[0] as Ref);
    else this.#keep(result, parts);
  }

  #turned(r: TensorRef): Ref {
    const [n, m] = r.shape as [number, number];
    return this.flat.one("turned", [r], {}, [m, n]);
  }

  /** A matrix whose transpose many products read is transposed once: a product that reads it the wrong way is slower. */
  #isTurned(b: TensorRef, result: TensorRef): boolean {
    const uses = this.#turns.get(keyOf(b)) ?? 0;
    return uses >= 16 && size(b.shape) >= 1 << 14 && (result.shape[0] as number) >= 8;
  }

  /** The sum over all places of the last dim is that of the parts' sums; the rows of parts, summed, lie side by side. */
  #sum(i: Instr, result: TensorRef): boolean {
    const [x] = i.args as [TensorRef];
    const parts = this.#parts.get(keyOf(x));
    if (!parts || alongLast(i)) return false;
    const all = (i.attrs["axes"] as readonly number[]).includes(x.shape.length - 1);
    const shapes = widths(this.#borders(x)).map((w) => (all ? result.shape : [w]));
    const sums = parts.map((p, k) => this.flat.one("sum", [p], i.attrs, shapes[k] as number[]));
    const whole = all ? sums.reduce((s, y) => this.flat.add(s, y)) : this.flat.concat(sums, shapes, 0);
    this.#wholes.set(keyOf(result), whole);
    return true;
  }

  /** The transpose of parts side by side: their transposes, one below the other. */
  #transposed(i: Instr, result: TensorRef): boolean {
    const [x] = i.args as [TensorRef];
    const parts = this.#parts.get(keyOf(x));
    if (!parts || this.#borders(result).length > 2) return false;
    const turned = parts.map((p) => this.flat.transpose(p, [1, 0]));
    const shapes = widths(this.#borders(x)).map((w) => [w, x.shape[0] as number]);
    this.#wholes.set(keyOf(result), this.flat.concat(turned, shapes, 0));
    return true;
  }
}

const widths = (borders: readonly number[]): number[] => borders.slice(1).map((to, k) => to - (borders[k] as number));
