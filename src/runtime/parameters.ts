/** The parameters of a model as tensors in the shapes of the mathematics, and the vectors that the optimiser keeps. */
import type { Optimizer } from "../compiler/blocks/types.js";
import type { Model } from "../compiler/model.js";
import { product } from "../compiler/system/types.js";
import type { Device, DeviceTensor } from "./device.js";
import { UsageError } from "./errors.js";
import { names, slotsOf } from "./optimizer.js";
import type { Tensor } from "./safetensors.js";
import { type Layout, layoutOf } from "./train/layout.js";

export type Tensors = Readonly<Record<string, Tensor>>;

export class Parameters {
  readonly layout: Layout;
  readonly #values = new Map<string, DeviceTensor>();
  readonly #slots = new Map<string, DeviceTensor>();

  constructor(
    readonly model: Model,
    readonly device: Device,
    optimizer: Optimizer,
    values: Tensors,
  ) {
    this.layout = layoutOf(model.params.filter((p) => !p.frozen));
    for (const { name } of model.params) if (!values[name]) throw new Error(`${name} has no starting value`);
    this.set(values);
    for (const slot of slotsOf(optimizer))
      this.#put(this.#slots, slot, new Float32Array(this.layout.size), [this.layout.size]);
  }

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
      this.model.params.map(({ name, shape }) => [name, { shape, data: this.#floats(this.get(name)) }]),
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
    for (const [name, { shape, data }] of Object.entries(values)) this.#put(this.#values, name, data, shape);
  }

  /** The optimiser's vectors, cut into parameters: `m/W`. */
  readSlots(): Tensors {
    const cut = [...this.#slots].flatMap(([slot, tensor]) => {
      const all = this.#floats(tensor);
      return this.layout.parts.map(({ name, shape, from, size }) => [
        `${slot}/${name}`,
        { shape, data: all.slice(from, from + size) },
      ]);
    });
    return Object.fromEntries(cut);
  }

  /** The inverse of `readSlots`. Throws `UsageError` where one is missing or has another shape. */
  setSlots(values: Tensors): void {
    for (const slot of [...this.#slots.keys()]) {
      const all = new Float32Array(this.layout.size);
      for (const { name, shape, from } of this.layout.parts) {
        const value = values[`${slot}/${name}`];
        if (value?.shape.join() !== shape.join())
          throw new UsageError(`the optimiser's state lacks ${slot}/${name} [${shape}]`);
        all.set(value.data, from);
      }
      this.#put(this.#slots, slot, all, [this.layout.size]);
    }
  }

  dispose(): void {
    for (const tensors of [this.#values, this.#slots]) {
      for (const t of tensors.values()) this.device.dispose(t);
      tensors.clear();
    }
  }

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
