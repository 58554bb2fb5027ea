/** WebAssembly modules as bytes: types, imports, functions, exports. */

export const I32 = 0x7f;
export const F32 = 0x7d;
export const F64 = 0x7c;
export const V128 = 0x7b;
export type Type = typeof I32 | typeof F32 | typeof F64 | typeof V128;

export interface Signature {
  readonly params: readonly Type[];
  readonly results: readonly Type[];
}

export interface Import extends Signature {
  readonly name: string;
}

interface Func extends Signature {
  readonly locals: readonly Type[];
  readonly body: readonly number[];
}

/** All imports are of the module `env`: `memory`, and functions. */
export class ModuleWriter {
  readonly #types: Signature[] = [];
  readonly #typeOf = new Map<string, number>();
  readonly #funcs: Func[] = [];
  readonly #exports: { name: string; index: number }[] = [];

  constructor(readonly imports: readonly Import[]) {
    for (const i of imports) this.#type(i);
  }

  /** The index of an imported function. */
  imported(name: string): number {
    const index = this.imports.findIndex((i) => i.name === name);
    if (index < 0) throw new Error(`${name} is not imported`);
    return index;
  }

  /** Adds a function: its index. */
  add(func: Func, exported?: string): number {
    this.#type(func);
    const index = this.imports.length + this.#funcs.length;
    this.#funcs.push(func);
    if (exported !== undefined) this.#exports.push({ name: exported, index });
    return index;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const kinds = this.#types.map((t) => [
      0x60,
      ...vector(t.params.map((p) => [p])),
      ...vector(t.results.map((p) => [p])),
    ]);
    const memory = [...text("env"), ...text("memory"), 2, 0, 0];
    const imports = this.imports.map((i) => [...text("env"), ...text(i.name), 0, ...unsigned(this.#type(i))]);
    const out = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    section(out, 1, kinds);
    section(out, 2, [memory, ...imports]);
    section(
      out,
      3,
      this.#funcs.map((f) => unsigned(this.#type(f))),
    );
    section(
      out,
      7,
      this.#exports.map((e) => [...text(e.name), 0, ...unsigned(e.index)]),
    );
    section(out, 10, this.#funcs.map(code));
    return Uint8Array.from(out);
  }

  #type(s: Signature): number {
    const key = `${s.params}:${s.results}`;
    let index = this.#typeOf.get(key);
    if (index === undefined) {
      index = this.#types.push(s) - 1;
      this.#typeOf.set(key, index);
    }
    return index;
  }
}

function code({ locals, body }: Func): number[] {
  const runs: [number, Type][] = [];
  for (const type of locals) {
    const last = runs[runs.length - 1];
    if (last?.[1] === type) last[0]++;
    else runs.push([1, type]);
  }
  const own = vector(runs.map(([n, type]) => [...unsigned(n), type]));
  return [...unsigned(own.length + body.length + 1)].concat(own, body, [0x0b]);
}

function section(out: number[], id: number, items: readonly (readonly number[])[]): void {
  const content = vector(items);
  out.push(id, ...unsigned(content.length));
  for (const byte of content) out.push(byte);
}

function vector(items: readonly (readonly number[])[]): number[] {
  const out = unsigned(items.length);
  for (const item of items) for (const byte of item) out.push(byte);
  return out;
}

const text = (s: string): number[] => {
  const bytes = [...new TextEncoder().encode(s)];
  return [...unsigned(bytes.length), ...bytes];
};

/** LEB128. */
export function unsigned(value: number): number[] {
  const out: number[] = [];
  let v = value;
  do {
    const low = v % 128;
    v = Math.floor(v / 128);
    out.push(v ? low | 0x80 : low);
  } while (v);
  return out;
}

export function signed(value: number): number[] {
  const out: number[] = [];
  let v = value | 0;
  for (;;) {
    const low = v & 0x7f;
    v >>= 7;
    if ((v === 0 && !(low & 0x40)) || (v === -1 && low & 0x40)) {
      out.push(low);
      return out;
    }
    out.push(low | 0x80);
  }
}
