/** What is set from outside: `-p H=256 -p train.lr=1e-3`. */
import { type BlockName, blockNames } from "../blocks/forms.js";
import * as names from "../diagnostics/check-names.js";
import { nearest } from "../diagnostics/nearest.js";
import type { BlockValue } from "../model.js";
import type { Context } from "./context.js";
import type { Place } from "./types.js";

export type Settings = Readonly<Record<string, BlockValue>>;

/** The settings of one model; notes which were used. */
export class Overrides {
  readonly #known = new Set<string>();

  constructor(
    readonly cx: Context,
    readonly settings: Settings,
  ) {}

  #get(name: string): BlockValue | undefined {
    this.#known.add(name);
    return Object.hasOwn(this.settings, name) ? this.settings[name] : undefined;
  }

  size(name: string, place: Place): number | null {
    const value = this.#get(name);
    if (value === undefined) return null;
    if (typeof value === "number" && Number.isInteger(value) && value > 0) return value;
    this.cx.report(names.badOverride({ key: name, place, value: JSON.stringify(value), needs: "a positive integer" }));
    return null;
  }

  number(name: string, place: Place, standard: number): number {
    const value = this.#get(name);
    if (value === undefined) return standard;
    if (typeof value === "number") return value;
    this.cx.report(names.badOverride({ key: name, place, value: JSON.stringify(value), needs: "a number" }));
    return standard;
  }

  /** Settings of a block, by their path inside it. */
  inBlock(block: BlockName): (readonly [path: readonly string[], value: BlockValue])[] {
    return Object.entries(this.settings)
      .map(([key, value]) => [key.split("."), value] as const)
      .filter(([[head, ...rest]]) => head === block && rest.length > 0 && rest.every((part) => part !== ""))
      .map(([[, ...rest], value]) => [rest, value] as const);
  }

  /** Whatever names nothing in the model. */
  reportUnknown(model: Place): void {
    for (const key of Object.keys(this.settings)) {
      const [head = "", rest] = key.split(".");
      if (this.#known.has(key) || ((blockNames as readonly string[]).includes(head) && rest)) continue;
      const known = [...this.#known, ...blockNames.map((b) => `${b}.…`)];
      this.cx.report(
        names.unknownOverride({ key, place: model, near: nearest(key, this.#known), known: known.join(", ") }),
      );
    }
  }
}
