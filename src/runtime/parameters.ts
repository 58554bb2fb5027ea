/** The parameters of a model as tensors in the shapes of the mathematics, and what the optimiser keeps from step to step. */
import type { Model } from "../compiler/model.js";
import { product } from "../compiler/system/types.js";
import type { Device, DeviceTensor } from "./device.js";
import { UsageError } from "./errors.js";
import { names, type Optimizer } from "./optimizer.js";
import type { Tensor } from "./safetensors.js";
import { type Layout, type Part, restored, stored, storedShape } from "./train/layout.js";

export type Tensors = Readonly<Record<string, Tensor>>;

export class Parameters {
  /** The optimiser's numbers, by state. */
  counters: ReadonlyMap<string, number>;
  /** Those of which the device keeps the transposes. */
  readonly tables: ReadonlySet<string>;
  readonly #values = new Map<string, DeviceTensor>();
  readonly #slots = new Map<string, DeviceTensor>();

  constructor(
    readonly model: Model,
    readonly device: Device,
    readonly layout: Layout,
    readonly optimizer: Optimizer,
    values: Tensors,
  ) {
    this.tables = new Set(layout.parts.filter((p) => p.isTable).map((p) => p.name));
    for (const { name } of model.params) if (!values[name]) throw new Error(`${name} has no starting value`);
    this.set(values);
    this.counters = new Map(optimizer.counters.map((name) => [name, 0]));
    for (const { id, shape } of optimizer.slots) this.#put(this.#slots, id, new Float32Array(product(shape)), shape);
  }

  /** As the device keeps it: a table is transposed. */
  get(name: string): DeviceTensor {
    return wanted(this.#values, name);
  }

  slot(name: string): DeviceTensor {
    return wanted(this.#slots, name);
  }

  /** Takes over the results of an update, each through `release`, and frees the tensors that they replace. */
  replace(updated: ReadonlyMap<string, DeviceTensor>, release: (tensor: DeviceTensor) => DeviceTensor): void {
    for (const { name } of this.layout.parts)
      this.#own(this.#values, name, release(wanted(updated, names.param(name))));
    for (const slot of [...this.#slots.keys()])
      this.#own(this.#slots, slot, release(wanted(updated, names.slot(slot))));
  }

  read(): Tensors {
    return Object.fromEntries(
      this.model.params.map(({ name, shape }) => {
        const data = restored(this.#kept(name, shape), this.#floats(this.get(name)));
        return [name, { shape, data }];
      }),
    );
  }

  /** Throws `UsageError` where a name or a shape is not one of the model's. */
  set(values: Tensors): void {
    for (const [name, { shape, data }] of Object.entries(values)) {
      const param = this.model.params.find((p) => p.name === name);
      if (!param) throw new UsageError(`${this.model.name} has no parameter ${name}: ${this.#names()}`);
      if (shape.join() !== param.shape.join() || data.length !== product(param.shape))
        throw new UsageError(`${name} is [${param.shape}], not [${shape}] with ${data.length} numbers`);
    }
    for (const [name, { shape, data }] of Object.entries(values)) {
      const kept = this.#kept(name, shape);
      this.#put(this.#values, name, stored(kept, data), storedShape(kept));
    }
  }

  /** The optimiser's tensors, those of all parameters cut into each one's: `m/W`. */
  readSlots(): Tensors {
    const cut = this.optimizer.slots.flatMap(({ id, state, of, shape }) => {
      const all = this.#floats(this.slot(id));
      if (of !== null) return [[id, { shape, data: all }] as const];
      return this.layout.parts.map(
        (p) =>
          [`${state}/${p.name}`, { shape: p.shape, data: restored(p, all.slice(p.from, p.from + p.size)) }] as const,
      );
    });
    return Object.fromEntries(cut);
  }

  /** The inverse of `readSlots`, and the optimiser's numbers. Throws `UsageError` where one is missing or has another shape. */
  setSlots(values: Tensors, counters: Readonly<Record<string, number>>): void {
    const wantedOf = (id: string, shape: readonly number[]): Float32Array => {
      const value = values[id];
      if (value?.shape.join() !== shape.join()) throw new UsageError(`the optimiser's state lacks ${id} [${shape}]`);
      return value.data;
    };
    for (const name of this.optimizer.counters)
      if (counters[name] === undefined) throw new UsageError(`the optimiser's state lacks ${name}`);
    for (const { id, state, of, shape } of this.optimizer.slots) {
      const all = new Float32Array(product(shape));
      if (of !== null) all.set(wantedOf(id, shape));
      else for (const p of this.layout.parts) all.set(stored(p, wantedOf(`${state}/${p.name}`, p.shape)), p.from);
      this.#put(this.#slots, id, all, shape);
    }
    this.counters = new Map(this.optimizer.counters.map((name) => [name, counters[name] as number]));
  }

  dispose(): void {
    for (const tensors of [this.#values, this.#slots]) {
      for (const t of tensors.values()) this.device.dispose(t);
      tensors.clear();
    }
  }

  #kept = (name: string, shape: readonly number[]): Pick<Part, "shape" | "isTable"> => ({
    shape,
    isTable: this.tables.has(name),
  });

  #floats(tensor: DeviceTensor): Float32Array {
    return Float32Array.from(this.device.read(tensor));
  }

  #put(into: Map<string, DeviceTensor>, name: string, data: Float32Array, shape: readonly number[]): void {
    this.#own(into, name, this.device.upload(data, shape));
  }

  #own(into: Map<string, DeviceTensor>, name: string, tensor: DeviceTensor): void {
    const old = into.get(name);
    into.set(name, tensor);
    if (old) this.device.dispose(old);
  }

  #names = (): string => `it has ${this.model.params.map((p) => p.name).join(", ")}`;
}

function wanted(tensors: ReadonlyMap<string, DeviceTensor>, name: string): DeviceTensor {
  const tensor = tensors.get(name);
  if (!tensor) throw new Error(`there is no tensor ${name}`);
  return tensor;
}
