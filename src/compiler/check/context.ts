/** What is being found out about one model: the state that the phases share. */
import { unknownName } from "../diagnostics/check-names.js";
import { conflictingShape } from "../diagnostics/check-shapes.js";
import { batchStatistics, isAcrossBatch, isBatch, notInLanguage } from "../diagnostics/not-in-language.js";
import type { Diagnostic } from "../diagnostics/types.js";
import type { Length, Pos, Slot } from "../system/types.js";
import type { Dim } from "./dims.js";
import * as dims from "./dims.js";
import type { Names } from "./entities.js";
import type { GatherUse } from "./gather.js";
import type { Branch } from "./guards.js";
import type { Reporter } from "./report.js";
import { Solver } from "./solve.js";
import type { Structure } from "./structures/facts.js";
import type { Quantity, QuantityRole, Term } from "./terms.js";
import { open, type Place, showType, type Type } from "./types.js";

export interface AxisFacts {
  /** The bound as written: the id of the axis. */
  readonly bound: string;
  readonly vars: string[];
  /** Null: each sample has its own length. */
  readonly size: Dim | null;
  /** A length that follows from others. */
  readonly length: Length | null;
  /** The axis around it, at each of whose indices it has another length. */
  readonly within: string | null;
  readonly place: Place;
  until: { readonly random: string; readonly token: string } | null;
  /** Of the nodes and edges of a tree or graph: its name. */
  readonly family?: string;
}

/** What a variable of nodes is inside a reduction over the edges of a node: one end of the edge. */
export interface Link {
  readonly edge: Slot;
  readonly end: "child" | "parent";
}

export interface VocabFacts {
  readonly name: string;
  readonly tokens: readonly string[] | null;
  readonly max: number | null;
  readonly min: number | null;
  readonly special: Set<"BOS" | "EOS">;
  readonly place: Place;
  /** It is a dim: its tokens are the numbers below it. */
  readonly isNumbered: boolean;
}

export type LiteralTerm = Extract<Term, { kind: "literal" }>;

export interface Objective {
  readonly kind: "loss" | "metric";
  readonly name: string;
  readonly term: Term;
  /** What it is the sum of. */
  readonly place: Place;
}

export class Context {
  /** Where the term of a type stands. */
  readonly #places = new WeakMap<Type, { readonly place: Place; readonly via: Place | undefined }>();
  readonly solver = new Solver((result, shape) => {
    const at = this.#places.get(result);
    if (!at) throw new Error("a conflict without a place");
    this.report(conflictingShape({ place: at.place, type: dims.showShape(shape), needed: showType(result) }), at.via);
  });
  readonly axes = new Map<string, AxisFacts>();
  readonly structures = new Map<string, Structure>();
  readonly vocabs = new Map<string, VocabFacts>();
  /** Numbers of the named dims. Vocabularies are not among them: their size may come from the data. */
  readonly sizes = new Map<string, number>();
  /** In the order of the text. */
  readonly quantities: Quantity[] = [];
  readonly literals: { readonly term: LiteralTerm; readonly via: Place | undefined }[] = [];
  readonly objectives: Objective[] = [];
  /** Indices along axes that are values. */
  readonly gathers: GatherUse[] = [];
  /** Warnings that are worth telling only where nothing is wrong. */
  readonly warnings: (() => void)[] = [];
  /** Those of which a clause could not be read: what it would have defined is not missed. */
  readonly unreadClauses = new Set<Quantity>();
  readonly #ids = new Set<string>();

  /** `unread`: the text, where a statement in it could not be read: what is missed may be what that would have defined. */
  constructor(
    readonly reporter: Reporter,
    readonly unread: string | null = null,
  ) {}

  /** May a statement that could not be read be about a name? Not if the name stands in one place only. */
  isPerhapsUnread(name: string): boolean {
    return (this.unread?.match(/[A-Za-z_]\w*/g) ?? []).filter((word) => word === name).length > 1;
  }

  report(d: Diagnostic, via?: Place): void {
    this.reporter.add(d, via);
  }

  /** A name that nothing declares; a statement that could not be read may have. */
  reportUnknown(facts: Parameters<typeof unknownName>[0], via?: Place): void {
    const { name, near, what, place } = facts;
    const isAbsent = what === "axis" ? isBatch(name) : isAcrossBatch(name);
    if (isAbsent && near === undefined) this.report(notInLanguage({ place, ...batchStatistics }), via);
    else if (near !== undefined || !this.isPerhapsUnread(name)) this.report(unknownName(facts), via);
  }

  /** The number that a dim is; null where a vocabulary or an unknown is in it. */
  sizeOf(d: Dim): number | null {
    const n = dims.evaluate(d, this.sizes);
    return Number.isNaN(n) ? null : n;
  }

  notePlace(type: Type, place: Place, via: Place | undefined): void {
    if (!this.#places.has(type)) this.#places.set(type, { place, via });
  }

  freshId(base: string): string {
    let id = base;
    for (let k = 1; this.#ids.has(id); k++) id = `${base}.${k}`;
    this.#ids.add(id);
    return id;
  }

  /** Gives a quantity its equation; in the System it stands after the parts that it is made of. */
  define(q: Quantity, definition: NonNullable<Quantity["definition"]>): void {
    q.definition = definition;
    const i = this.quantities.indexOf(q);
    if (i >= 0) this.quantities.push(...this.quantities.splice(i, 1));
  }

  quantity(
    facts: {
      readonly name: string;
      readonly role: QuantityRole;
      readonly slots: readonly Slot[];
      readonly span: Place;
    } & Partial<Omit<Quantity, "reads" | "clauses" | "uses" | "above">>,
  ): Quantity {
    const q: Quantity = {
      type: open() as Type,
      declared: false,
      definition: null,
      sampling: null,
      noise: null,
      named: true,
      start: null,
      trainingOnly: false,
      around: 0,
      map: null,
      whole: null,
      ends: new Map(),
      ...facts,
      id: this.freshId(facts.id ?? facts.name),
      above: new Map(),
      clauses: [],
      reads: [],
      uses: { blocks: null, added: 0, contracted: 0, scaled: 0 },
    };
    this.quantities.push(q);
    return q;
  }
}

/** Where an expression stands. */
export interface Scope {
  readonly names: Names;
  /** What the variables of axes are called in the System here: binders may be renamed, clauses use their owner's. */
  readonly vars: ReadonlyMap<string, Slot>;
  /** The variables that are in scope, outermost first. */
  readonly slots: readonly Slot[];
  /** By variable of the System: those of nodes that are ends of an edge here. */
  readonly links?: ReadonlyMap<string, Link>;
  /** The branches of conditions that it stands in. */
  readonly facts?: readonly Branch[];
  /** In a loss every variable may be free: only those that a reduction binds are in use. */
  readonly isOpen?: boolean;
  /** Inside a cell: by the slots of its instance (`cell F[l]`), for which index it was called. */
  readonly around?: ReadonlyMap<string, Pos>;
  /** Ids made here start so: `enc.` inside the cell instance `enc`. */
  readonly prefix: string;
  /** The call whose cell this is in. */
  readonly via?: Place | undefined;
}
