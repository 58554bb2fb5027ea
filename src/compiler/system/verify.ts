/** The verifier: what must hold of every System, checked after every pass. A failure is our mistake and throws. */
import { opOf } from "../ops/index.js";
import { condPositions, posVar } from "./positions.js";
import { BATCH, type Read, type Slot, type System, type Value } from "./types.js";

export function verify(system: System, stage: string): void {
  const fail = (v: Value, what: string): never => {
    throw new Error(`after ${stage}: ${v.id}: ${what}`);
  };
  const checkRead = (v: Value, r: Read, scope: readonly Slot[]): void => {
    const u = system.values.get(r.v) ?? fail(v, `reads ${r.v}, which does not exist`);
    if (u.slots.length !== r.idx.length)
      fail(v, `reads ${r.v} with ${r.idx.length} indices, it has ${u.slots.length} slots`);
    r.idx.forEach((p, i) => {
      const name = posVar(p);
      if (name === null) return;
      const slot = scope.find((s) => s.name === name) ?? fail(v, `reads ${r.v} at ${name}, which is not in scope`);
      if (slot.axis !== u.slots[i]?.axis)
        fail(v, `reads ${r.v} at ${name} over ${slot.axis} instead of ${u.slots[i]?.axis}`);
    });
    for (const c of r.when)
      for (const p of condPositions(c)) {
        const name = posVar(p);
        if (name !== null && !scope.some((s) => s.name === name)) fail(v, `guards with ${name}, which is not in scope`);
      }
  };
  const checkOuter = (v: Value, slots: readonly Slot[]): void => {
    for (const [i, s] of slots.entries()) {
      const outer = system.axes.get(s.axis)?.within;
      const of = slots.findIndex((o) => o.name === s.of);
      if ((outer === undefined) !== (s.of === undefined))
        fail(v, `has the slot ${s.name} over ${s.axis} without its outer one`);
      if (outer !== undefined && (of < 0 || of >= i || slots[of]?.axis !== outer))
        fail(v, `has no slot over ${outer} before ${s.name}`);
    }
  };
  for (const v of system.values.values()) {
    checkOuter(v, v.slots);
    for (const s of v.slots) if (!system.axes.has(s.axis)) fail(v, `has a slot over ${s.axis}, which is no axis`);
    if (new Set(v.slots.map((s) => s.name)).size !== v.slots.length) fail(v, "has two slots of one name");
    for (const list of [v.slots, v.eq?.red?.vars ?? []])
      if (list.findIndex((s) => s.axis === BATCH.axis) > 0) fail(v, "does not have the batch first");
    if ((v.role === "eq") !== (v.eq !== null)) fail(v, v.eq ? `is ${v.role} and has an equation` : "has no equation");
    for (const c of v.clauses)
      checkRead(
        v,
        c.read,
        v.slots.filter((s) => !c.pins.some((p) => p.slot === s.name)),
      );
    const { eq } = v;
    if (!eq) continue;
    const scope = [...v.slots, ...(eq.red?.vars ?? [])];
    if (new Set(scope.map((s) => s.name)).size !== scope.length) fail(v, "reduces over a variable of its own");
    checkOuter(v, scope);
    const chosen = eq.op === "only" ? eq.attrs["slot"] : undefined;
    if (chosen !== undefined && !scope.some((s) => s.name === chosen))
      fail(v, `chooses along ${chosen}, which it lacks`);
    if (eq.along !== null && !v.slots.some((s) => s.name === eq.along))
      fail(v, `normalises along ${eq.along}, which it lacks`);
    for (const r of eq.args) checkRead(v, r, scope);
    if (eq.red?.kind === "argmax" && eq.red.vars.length !== 1)
      fail(v, "is the index of a maximum over several variables");
    if (eq.red?.kind === "draw" && eq.op !== "draw") fail(v, `ranges over variables as a draw does, but is ${eq.op}`);
    const shape = opOf(eq.op).infer(
      eq.args.map((r) => (system.values.get(r.v) as Value).shape),
      eq.attrs,
    );
    if (shape.join() !== v.shape.join()) fail(v, `has shape [${v.shape}], its equation [${shape}]`);
  }
}
