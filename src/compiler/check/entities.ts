/** What a name can mean, and where names are looked up. */
import type { CellDef } from "../syntax/ast.js";
import type { Pos, Slot } from "../system/types.js";
import type { Dim } from "./dims.js";
import type { Quantity, Term } from "./terms.js";
import type { Place, Type } from "./types.js";

export type Entity =
  /** A dim of the model or the size that a cell was given. */
  | { readonly kind: "dim"; readonly dim: Dim; readonly place: Place }
  | { readonly kind: "number"; readonly value: number; readonly place: Place }
  | { readonly kind: "vocab"; readonly name: string; readonly place: Place }
  | { readonly kind: "axis"; readonly slot: Slot; readonly place: Place }
  | { readonly kind: "bound"; readonly axis: string; readonly place: Place }
  | { readonly kind: "quantity"; readonly quantity: Quantity; readonly place: Place }
  /** A formal or local of a cell; a local is elaborated when it is first needed. */
  | { readonly kind: "term"; term(): Term; readonly place: Place }
  /** A formal or local of a cell that has axes there: it is read at indices. Null: it is wrong, which has been reported. */
  | { readonly kind: "indexed"; indexed(): Indexed | null; readonly place: Place }
  | { readonly kind: "cell"; readonly cell: Cell; readonly place: Place }
  | { readonly kind: "instance"; readonly instance: Instance; readonly place: Place }
  /** Its declaration was wrong and has been reported. */
  | { readonly kind: "wrong"; readonly place: Place };

/** A quantity as it is known inside a cell, where some of its indices go unsaid. */
export interface Indexed {
  readonly of: Quantity;
  /** By slot: where it stands in this call, or null for an index that is written. */
  readonly fixed: readonly (Pos | null)[];
  readonly type: Type;
}

/** The slots of which an index is written. */
export const slotsOf = ({ of, fixed }: Indexed): Slot[] => of.slots.filter((_, i) => fixed[i] === null);

/** A cell definition with the names around it. */
export interface Cell {
  readonly def: CellDef;
  readonly home: Names;
}

export interface Instance {
  readonly cell: Cell;
  /** Of `cell F[l] = …`: what it owns it has for each index. */
  readonly slots: readonly Slot[];
  /** The last of the slots: those that its own declaration states, with the variables as written there. */
  readonly each: readonly { readonly variable: string; readonly slot: Slot }[];
  /** Ids of what it owns start so: `enc.`. */
  readonly prefix: string;
  /** Its dims, hyperparameters, parameters and nested instances. */
  readonly names: Names;
}

const kindNames: Readonly<Record<Entity["kind"], string>> = {
  dim: "a dim",
  number: "a hyperparameter",
  vocab: "a vocabulary",
  axis: "an axis",
  bound: "the length of an axis",
  quantity: "a value",
  term: "a value",
  indexed: "a value",
  cell: "a cell",
  instance: "an instance of a cell",
  wrong: "wrongly declared",
};

export function describe(e: Entity): string {
  if (e.kind !== "quantity") return kindNames[e.kind];
  const roles = {
    param: "a parameter",
    frozen: "a frozen parameter",
    input: "an input",
    random: "a random",
    noise: "noise",
    eq: "a value",
  } as const;
  return roles[e.quantity.role];
}

/** A namespace inside another. */
export class Names {
  readonly #own = new Map<string, Entity>();
  readonly used = new Set<string>();

  constructor(readonly outer: Names | null = null) {}

  own(name: string): Entity | undefined {
    return this.#own.get(name);
  }

  set(name: string, entity: Entity): void {
    this.#own.set(name, entity);
  }

  /** Finds a name and notes that it is used. */
  find(name: string): Entity | undefined {
    const entity = this.#own.get(name);
    if (entity) this.used.add(name);
    return entity ?? this.outer?.find(name);
  }

  entries(): IterableIterator<[string, Entity]> {
    return this.#own.entries();
  }

  all(): string[] {
    return [...this.#own.keys(), ...(this.outer?.all() ?? [])];
  }
}
