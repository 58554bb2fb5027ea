import { SystemBuilder } from "../system/builder.js";
import { E, ofRead, op } from "../system/expr.js";
import type { Read, System, Value } from "../system/types.js";
import { eliminate } from "./dce.js";
import { type Depths, depths } from "./depth.js";
import { groupBy, seeThrough } from "./rewrite.js";
import type { Pass } from "./types.js";

const LINEAR = new Set(["add"]);
const ELEMENTWISE = new Set(["add", "mul", "affine", "tanh", "sigmoid", "relu", "softplus", "exp", "sin", "cos"]);

/** `linear`: before differentiation only sums are packed, so that each gate has an adjoint of its own. */
export const packSums: Pass = {
  name: "pack-sums",
  doc: "Sums over adjacent slices of one value inside a loop become one sum over the whole.",
  run: (system, keep) => pack(system, keep, LINEAR),
};

export const packGates: Pass = {
  name: "pack-gates",
  doc: "The same elementwise op on adjacent slices of one value inside a loop becomes one: σ of three gates is one σ.",
  run: (system, keep) => pack(system, keep, ELEMENTWISE),
};

interface Member {
  readonly v: Value;
  /** The slice that it acts on, and its other arguments, which are known before the loop. */
  readonly source: Read;
  readonly from: number;
  readonly others: readonly Read[];
}

function pack(system: System, keep: ReadonlySet<string>, ops: ReadonlySet<string>): System {
  for (;;) {
    const depth = depths(system);
    const builder = new SystemBuilder(system);
    const members = [...system.values.values()].flatMap((v) => member(system, depth, ops, v) ?? []);
    const groups = groupBy(members, ({ v, source, others }) =>
      JSON.stringify([v.slots, v.eq?.op, v.eq?.attrs, others.length, source]),
    );
    const adjacent = groups.flatMap(runs).filter((run) => run.length > 1);
    if (!adjacent.length) return system;
    for (const run of adjacent) join(builder, run);
    system = eliminate(builder.finish(), keep);
  }
}

function member(system: System, depth: Depths, ops: ReadonlySet<string>, v: Value): Member | null {
  const { eq } = v;
  if (!eq || !ops.has(eq.op) || eq.red || !depth.of(v.id)) return null;
  const inside = eq.args.filter((r) => !depth.isBefore(v.id, r));
  const [only] = inside;
  if (!only || inside.length > 1) return null;
  const slice = seeThrough(system.values, only);
  if (slice?.eq.op !== "slice") return null;
  return {
    v,
    source: slice.args[0] as Read,
    from: slice.eq.attrs["from"] as number,
    others: eq.args.filter((r) => r !== only),
  };
}

/** Runs of slices that follow each other without a gap. */
function runs(group: readonly Member[]): Member[][] {
  const out: Member[][] = [];
  for (const m of [...group].sort((a, b) => a.from - b.from)) {
    const last = out.at(-1)?.at(-1);
    if (last && last.from + (last.v.shape[0] as number) === m.from) out.at(-1)?.push(m);
    else out.push([m]);
  }
  return out;
}

function join(builder: SystemBuilder, run: readonly Member[]): void {
  const first = run[0] as Member;
  const len = run.reduce((n, m) => n + (m.v.shape[0] as number), 0);
  const others = first.others.map((_, k) => E.concat(...run.map((m) => ofRead(m.others[k] as Read))));
  const whole = E.slice(ofRead(first.source), first.from, len);
  const { op: name, attrs } = first.v.eq as NonNullable<Value["eq"]>;
  const joined = builder.emit(op(name, [...others, whole], attrs), first.v.slots, run.map((m) => m.v.id).join("&"));
  for (const m of run) {
    const at = { from: m.from - first.from, len: m.v.shape[0] as number };
    builder.values.set(m.v.id, { ...m.v, eq: { op: "slice", attrs: at, args: [joined], along: null, red: null } });
  }
}
