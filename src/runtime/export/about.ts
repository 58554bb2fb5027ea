/** What a page has to know about a graph beside its tensors: in `userDefinedMetadata.recurve` of its JSON file. */
import type { Column } from "../../compiler/blocks/types.js";
import type { FieldInfo, Model } from "../../compiler/model.js";
import { outerAxes } from "../../compiler/system/axes.js";
import { BATCH, type System, type Value } from "../../compiler/system/types.js";
import { columnOf } from "../data/columns.js";
import type { Columns } from "../data/types.js";
import { endingOf, producible } from "../decoder/axes.js";
import type { TfjsGraph } from "./graph.js";
import { lengthInput } from "./lengths.js";
import type { Exportable } from "./plans.js";
import type { NextState, StepPlans } from "./step.js";
import type { Parameter } from "./systems.js";

/** An input or a result. Its shape is [batch, one dim for each of `axes`, features…] (no batch where `shared`). */
export interface Described {
  readonly kind: "input" | "random" | "length" | "noise" | "state" | "context" | "parameter" | "value";
  readonly axes: readonly string[];
  readonly shared?: true;
  /** It need not be fed: a sequence then fills all there is, or starts. */
  readonly optional?: true;
  /** Of a token: which vocabulary it is an id of. Of an index: the axis. */
  readonly vocabulary?: string;
  readonly position?: string;
  /** How a string becomes tokens: each character (code point) or each word is one. */
  readonly split?: "chars" | "words";
  readonly lower?: true;
  /** Of noise. */
  readonly distribution?: string;
  readonly params?: readonly number[];
  /** Of a parameter: of which random's distribution. */
  readonly of?: string;
  /** Needs these fields of the same step: `predict` does not give it, `execute` with them does. */
  readonly after?: readonly string[];
}

export interface Random {
  readonly distribution: string;
  /** Of the components of a mixture. */
  readonly base?: string;
  /** The token that ends a sequence; tokens that are never drawn. */
  readonly end?: string;
  readonly never?: readonly string[];
}

export interface About {
  /** Of this form. */
  readonly version: number;
  readonly model: string;
  readonly graph: "model" | "start" | "step";
  readonly batch: number;
  /** Padded lengths by axis. */
  readonly lengths: Readonly<Record<string, number>>;
  readonly inputs: Readonly<Record<string, Described>>;
  readonly outputs: Readonly<Record<string, Described>>;
  readonly randoms: Readonly<Record<string, Random>>;
  /** Of a step: the axis along which it goes, the states, and the graph that makes the first ones. */
  readonly step?: {
    readonly axis: string;
    readonly start: string | null;
    readonly states: readonly NextState[];
  };
  /** Token ids are places in these lists. */
  readonly vocabularies: Readonly<Record<string, readonly string[]>>;
}

export interface Facts {
  readonly version: number;
  readonly model: Model;
  readonly columns: Columns;
  readonly batch: number;
  readonly lengths: Readonly<Record<string, number>>;
  readonly parameters: readonly Parameter[];
}

export interface Stepping {
  readonly plans: StepPlans;
  /** The file of the graph that makes the first states. */
  readonly start: string | null;
}

export function about(
  facts: Facts,
  kind: About["graph"],
  exportable: Exportable,
  graph: TfjsGraph,
  stepping: Stepping | null = null,
): About {
  const { version, model, batch, lengths } = facts;
  const describe = describing(facts, exportable, kind === "step" ? (stepping?.plans.axis ?? null) : null);
  const after = (name: string): Pick<Described, "after"> => {
    const fields = (kind === "step" && stepping?.plans.after.get(name)) || [];
    return fields.length ? { after: fields } : {};
  };
  const optional = (name: string): Pick<Described, "optional"> =>
    exportable.defaults.has(name) ? { optional: true } : {};
  const { inputs, outputs } = graph;
  const randoms = model.fields.filter((f) => f.role === "random");
  return {
    version,
    model: model.name,
    graph: kind,
    batch,
    lengths,
    inputs: Object.fromEntries(inputs.map(({ name }) => [name, { ...describe(name), ...optional(name) }])),
    outputs: Object.fromEntries(outputs.map(({ name }) => [name, { ...describe(name), ...after(name) }])),
    randoms: Object.fromEntries(randoms.map((f) => [f.name, randomOf(model, f)])),
    ...(stepping && kind === "step"
      ? { step: { axis: stepping.plans.axis, start: stepping.start, states: stepping.plans.states } }
      : {}),
    vocabularies: model.vocabularies,
  };
}

function randomOf(model: Model, field: FieldInfo): Random {
  const { name, axes, type, dist, base } = field;
  const axis = axes.at(-1);
  const ending = axis === undefined ? null : endingOf(model, axis);
  const tokens = (type.kind === "token" && model.vocabularies[type.vocab]) || [];
  const end = ending?.random === name ? tokens[ending.token] : undefined;
  const allowed = producible(model, field, tokens.length);
  const never = tokens.filter((_, i) => allowed[i] === 0);
  return {
    distribution: String(dist),
    ...(base === undefined ? {} : { base }),
    ...(end === undefined ? {} : { end }),
    ...(never.length ? { never } : {}),
  };
}

function describing(
  { model, columns, parameters }: Facts,
  { ids, system }: Exportable,
  step: string | null,
): (name: string) => Described {
  const lengths = new Map([...system.axes.keys()].map((axis) => [lengthInput(axis), axis]));
  return (name) => {
    const value = system.values.get(ids.get(name) ?? name);
    const axis = lengths.get(name);
    if (!value)
      return axis === undefined
        ? { kind: "context", axes: [] }
        : { kind: "length", axes: outerAxes(system, axis).reverse() };
    const slots = value.slots.filter((s) => s.axis !== BATCH.axis).map((s) => s.axis);
    const axes = slots.filter((a) => a !== step);
    const shared = slots.length === value.slots.length ? { shared: true as const } : {};
    const of = parameters.find((p) => p.id === value.id)?.random;
    if (of !== undefined) return { kind: "parameter", of, axes, ...shared };
    const owner = ids.has(name) ? ownerOf(system, ids.get(name) as string) : value;
    const field = model.fields.find((f) => f.name === owner.id);
    const token = field ? tokenOf(field, columnOf(columns, field)) : {};
    if (ids.has(name)) return { kind: "state", axes, ...shared, ...token };
    if (field) return { kind: field.role, axes, ...shared, ...token };
    if (value.noise)
      return { kind: "noise", axes, ...shared, distribution: value.noise.dist, params: value.noise.params };
    return { kind: "value", axes, ...shared };
  };
}

/** The value whose past a state is: `c` of `c@-1`. */
function ownerOf(system: System, state: string): Value | { readonly id: string } {
  const id = state.slice(0, state.indexOf("@"));
  return system.values.get(id) ?? { id };
}

function tokenOf({ type }: FieldInfo, column: Column): Partial<Described> {
  switch (type.kind) {
    case "float":
      return {};
    case "position":
      return { position: type.axis };
    case "token": {
      const vocabulary = { vocabulary: type.vocab };
      if (column.kind !== "chars" && column.kind !== "words") return vocabulary;
      return { ...vocabulary, split: column.kind, ...(column.lower ? { lower: true as const } : {}) };
    }
  }
}
