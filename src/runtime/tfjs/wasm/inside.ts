/** What a static plan needs of tfjs's wasm backend beyond tensors: its memory, and to allocate in it. */

import { HOST_FUNCTIONS, hostImports } from "./elementwise.js";
import { sharedImports, sharedModule } from "./kernels.js";

/** What is used of the language's own WebAssembly: types of it come with those of browsers only. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number });
    readonly buffer: ArrayBuffer;
  }
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>);
  }
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
  function validate(bytes: Uint8Array<ArrayBuffer>): boolean;
}

/** Parts of the backend that are not public. */
export interface Heap {
  readonly memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  free(address: number): void;
}

interface EmscriptenModule {
  readonly asm?: { readonly memory?: unknown };
  readonly _malloc?: unknown;
  readonly _free?: unknown;
}

/** The heap of a backend; null where this version of it has another inside, or where there are no vectors. */
export function heapOf(module: unknown): Heap | null {
  const { asm, _malloc: malloc, _free: free } = (module ?? {}) as EmscriptenModule;
  const memory = asm?.memory;
  if (!(memory instanceof WebAssembly.Memory) || typeof malloc !== "function" || typeof free !== "function")
    return null;
  if (!WebAssembly.validate(sharedModule())) return null;
  return { memory, malloc: (bytes) => malloc(bytes) >>> 0, free: (address) => free(address) };
}

/** Memory that the runs of all plans share, one after the other: as large as the largest needs. */
export class Arena {
  #address = 0;
  #size = 0;
  #users = 0;

  constructor(readonly heap: Heap) {}

  enter(): void {
    this.#users++;
  }

  leave(): void {
    if (--this.#users || !this.#address) return;
    this.heap.free(this.#address);
    this.#address = 0;
    this.#size = 0;
  }

  /** The address of so many bytes; what was there is lost. */
  need(bytes: number): number {
    if (bytes <= this.#size) return this.#address;
    if (this.#address) this.heap.free(this.#address);
    this.#size = 0;
    this.#address = this.heap.malloc(bytes);
    if (!this.#address) throw new Error(`the wasm backend has no ${bytes} bytes left`);
    this.#size = bytes;
    return this.#address;
  }
}

/** The backend's memory with the functions that all plans share. */
export class Engine {
  /** One for each level of loops within loops: a body runs while its loop does. */
  readonly #arenas: Arena[] = [];
  readonly #shared: Readonly<Record<string, unknown>>;

  constructor(readonly heap: Heap) {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(sharedModule()), { env: { memory: heap.memory } });
    this.#shared = instance.exports;
  }

  arena(level: number): Arena {
    for (let k = this.#arenas.length; k <= level; k++) this.#arenas.push(new Arena(this.heap));
    return this.#arenas[level] as Arena;
  }

  instantiate(bytes: Uint8Array<ArrayBuffer>): Readonly<Record<string, (arena: number) => void>> {
    const env = { memory: this.heap.memory, ...HOST_FUNCTIONS, ...this.#shared };
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
      env,
    });
    return exports as Readonly<Record<string, (arena: number) => void>>;
  }
}

export const imports = [...sharedImports, ...hostImports];
