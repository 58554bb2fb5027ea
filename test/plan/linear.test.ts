/** Linear recurrences computed in parallel: values and gradients against the reference evaluator, and which loops they are. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { zeroOnPadding } from "../../src/compiler/passes/mask-padding.js";
import { lower } from "../../src/compiler/plan/lower.js";
import { inParallel } from "../../src/compiler/plan/parallel.js";
import { Extents } from "../../src/compiler/plan/places.js";
import type { Costs } from "../../src/compiler/plan/recurrence.js";
import { schedule } from "../../src/compiler/schedule/schedule.js";
import { E, type Expr, sumOver } from "../../src/compiler/system/expr.js";
import { BATCH, type System } from "../../src/compiler/system/types.js";
import { verify } from "../../src/compiler/system/verify.js";
import { Evaluator } from "../../src/compiler/targets/reference/evaluator.js";
import { openBackend } from "../../src/runtime/backends.js";
import { backends } from "../support/backends.js";
import { type Access, type Case, equals, guarded, Sketch, slot } from "../support/sketch.js";
import { compare, extentsOf, type Padding, runPlan, trained } from "../support/systems.js";

const t = slot("t", "T");
const H = 2;
/** Everything is in parallel where kernels cost nothing; many indices go in blocks where only calls cost. */
const free: Costs = { call: 0, element: 0 };
const calls: Costs = { call: 1, element: 0 };

/** The program with its recurrences in parallel. */
function parallel(system: System, env: Case["env"], costs: Costs) {
  const zeros = zeroOnPadding(system);
  const extents = new Extents(system, env.batch, extentsOf(env));
  const isZero = (id: string, name: string): boolean => zeros.get(id)?.has(name) === true;
  return inParallel(schedule(system), { extents, drawn: new Set(), isZero, costs });
}

const loops = (program: ReturnType<typeof parallel>): number => program.items.filter((i) => i.kind === "loop").length;

/** Its adjoint has two states, which is not found. */
const GUARDED = "a guarded h";

/** How a state follows from the one before it: z is a gate, c any vector, both known before the loop. */
const steps: Readonly<Record<string, (h: Expr, z: Expr, c: Expr, k: Sketch) => Expr>> = {
  "a h + b": (h, z, c) => E.add(E.mul(z, h), c),
  "(1 − z) h + z c": (h, z, c) => E.add(E.mul(E.affine(-1, 1, z), h), E.mul(z, c)),
  "h + z (c − h)": (h, z, c) => E.add(h, E.mul(z, E.sub(c, h))),
  "−z h / 2": (h, z) => E.affine(-0.5, 0, E.mul(z, h)),
  "z h + 1": (h, z) => E.affine(1, 1, E.mul(z, h)),
  "0.9 h + 0.1 c": (h, _, c) => E.add(E.affine(0.9, 0, h), E.affine(0.1, 0, c)),
  "a sum": (h, _, c) => E.add(h, c),
  "σ(p) h + c, a leaky average": (h, _, c, k) => E.add(E.mul(E.map("sigmoid", k.param("p", [H])()), h), c),
  "a number times h": (h, z, c) => E.add(E.scale(E.map("sigmoid", E.sumf(z)), h), c),
  "h or c": (h, z, c) => E.where(E.less(z, E.num(0.5, [H])), h, c),
  "a reset": (h, z, c) => E.add(E.where(E.less(z, E.num(0.5, [H])), E.num(0, [H]), E.mul(z, h)), c),
  "h / exp(relu(c))": (h, z, c) => E.add(E.mul(h, E.map("exp", E.neg(E.map("relu", c)))), z),
  [GUARDED]: (h, z, c) => {
    const half = E.affine(0.5, 0, z);
    return E.add(E.mul(half, guarded(h, equals("T", "t", "$-1"))), E.mul(half, h), c);
  },
};

/** What stands at the boundary. */
const starts: Readonly<Record<string, (k: Sketch) => Expr>> = {
  zero: () => E.num(0, [H]),
  "a number": () => E.num(0.7, [H]),
  "a parameter": (k) => k.param("h0", [H])(),
  "of each sample": (k) => E.map("tanh", k.access("u")()),
};

interface Choice {
  readonly step: string;
  readonly start: string;
  readonly backward: boolean;
  readonly lengths: readonly number[];
  readonly isStatic: boolean;
  /** Through another member of the loop. */
  readonly several: boolean;
}

function caseOf({ step, start, backward, lengths, isStatic, several }: Choice): Case {
  const [first] = lengths as [number];
  const k = new Sketch({ T: isStatic ? Math.max(first, 1) : lengths }, lengths.length);
  const x = k.input("x", [H], [t]);
  k.input("u", [H]);
  const h = k.value("h", [H], [t]);
  const z = k.define("z", [t], E.map("sigmoid", E.mv(k.param("W", [H, H])(), x("t"))));
  const c = k.define("c", [t], E.map("tanh", E.mv(k.param("V", [H, H])(), x("t"))));
  const before = h(backward ? "t+1" : "t-1");
  const next = (steps[step] as (typeof steps)[string])(before, z("t"), c("t"), k);
  if (several) {
    const m = k.value("m", [H], [t]);
    k.equate("m", next);
    k.equate("h", E.affine(0.5, 0, E.add(m("t"), E.mul(z("t"), m("t")))));
  } else k.equate("h", next);
  k.clause("h", { t: backward ? "$" : "-1" }, (starts[start] as (typeof starts)[string])(k));
  // all values, the states before them, and the last one
  const weighted = E.add(E.mul(h("t"), x("t")), E.mul(before, c("t")));
  const { builder } = k;
  builder.define("all", [BATCH], sumOver([t], E.sumf(weighted)));
  k.loss([], E.add(k.access("all")(), E.sumf(h(backward ? "0" : "$-1"))));
  return k.finish();
}

const choices: fc.Arbitrary<Choice> = fc.record({
  step: fc.constantFrom(...Object.keys(steps)),
  start: fc.constantFrom(...Object.keys(starts)),
  backward: fc.boolean(),
  lengths: fc.array(fc.constantFrom(0, 1, 2, 3, 5, 17, 23), { minLength: 1, maxLength: 3 }),
  isStatic: fc.boolean(),
  several: fc.boolean(),
});

/** `FUZZ=1000 npx vitest run test/plan/linear.test.ts` looks further, from a new seed. */
const runs = Number(process.env["FUZZ"] ?? 40);
const options = process.env["FUZZ"] ? { numRuns: runs } : { numRuns: runs, seed: 5 };
const paddings = fc.constantFrom<Padding>("zero", "random", "large");
const cpu = await openBackend("cpu");

type Results = NonNullable<ReturnType<typeof runPlan>>;
const say = (choice: Choice): string => JSON.stringify(choice);

it("every such recurrence is found, forward and backward, and means the same", { timeout: 600_000 }, () => {
  fc.assert(
    fc.property(choices, (choice) => {
      const { system, outputs } = trained(caseOf(choice));
      const { env } = caseOf(choice);
      const program = parallel(system, env, free);
      if (loops(program) && choice.step !== GUARDED) throw new Error(`a loop is left: ${say(choice)}`);
      verify(program.system, "in parallel");
      const [wanted, found] = [new Evaluator(system, env), new Evaluator(program.system, env)];
      for (const id of outputs)
        wanted.value(id).forEach((x, i) => {
          expect(found.value(id)[i], `${id} ${say(choice)}`).toBeCloseTo(x, 9);
        });
    }),
    options,
  );
});

it("plans, ragged and with anything on the padding", { timeout: 600_000 }, () => {
  const before = cpu.tensorCount();
  fc.assert(
    fc.property(choices, paddings, fc.nat(2), fc.constantFrom(free, calls), (choice, padding, extra, costs) => {
      const c = caseOf(choice);
      const { system, outputs } = trained(c);
      const results = runPlan(cpu, system, c.env, outputs, { padding, extra, lower: { costs } }) as Results;
      const { worst, where } = compare(system, c.env, results, extra);
      if (worst > 1e-4) throw new Error(`${where} ${say(choice)} ${padding} +${extra}`);
    }),
    options,
  );
  expect(cpu.tensorCount()).toBe(before);
});

const common = { start: "a parameter", isStatic: false, several: false };

describe.each(backends.map((b, k) => [`${k}: ${b.name}`, b] as const))("on %s", (_, backend) => {
  it.each([false, true])("in blocks, backward: %s", (backward) => {
    const c = caseOf({ ...common, step: "(1 − z) h + z c", backward, lengths: [100, 61, 1] });
    const { system, outputs } = trained(c);
    const before = backend.tensorCount();
    const results = runPlan(backend, system, c.env, outputs, { lower: { costs: calls } }) as Results;
    expect(compare(system, c.env, results).worst).toBeLessThan(1e-4);
    expect(backend.tensorCount()).toBe(before);
  });
});

describe("what stays a loop", () => {
  /** The number of loops of the forward pass. */
  const left = (make: (k: Sketch, h: Access, z: Access) => void): number => {
    const k = new Sketch({ T: [20, 9] }, 2);
    const x = k.input("x", [H], [t]);
    const h = k.value("h", [H], [t]);
    const z = k.define("z", [t], E.map("sigmoid", x("t")));
    k.clause("h", { t: "-1" }, E.num(0, [H]));
    make(k, h, z);
    k.loss([t], E.sumf(h("t")));
    const c = k.finish();
    return loops(parallel(c.system, c.env, free));
  };

  it("a product with the state, a square of it, a function of it, two steps back", () => {
    expect(left((k, h, z) => k.equate("h", E.add(E.mv(k.param("U", [H, H])(), h("t-1")), z("t"))))).toBe(1);
    expect(left((k, h, z) => k.equate("h", E.add(E.mul(h("t-1"), h("t-1")), z("t"))))).toBe(1);
    expect(left((k, h, z) => k.equate("h", E.mul(z("t"), E.map("tanh", h("t-1")))))).toBe(1);
    expect(
      left((k, h, z) => {
        k.clause("h", { t: "-2" }, E.num(0, [H]));
        k.equate("h", E.add(E.mul(z("t"), h("t-2")), z("t")));
      }),
    ).toBe(1);
  });

  it("gates that look at the state, gates that may be larger than 1", () => {
    expect(left((k, h, z) => k.equate("h", E.mul(E.map("sigmoid", E.add(z("t"), h("t-1"))), z("t"))))).toBe(1);
    expect(left((k, h, z) => k.equate("h", E.add(E.mul(k.param("u", [H])(), h("t-1")), z("t"))))).toBe(1);
    expect(left((k, h, z) => k.equate("h", E.add(E.affine(1.1, 0, h("t-1")), z("t"))))).toBe(1);
    expect(left((k, h, z) => k.equate("h", E.add(E.affine(0.9, 0, h("t-1")), z("t"))))).toBe(0);
  });
});

describe("what is in parallel follows from what kernels cost", () => {
  const { system, outputs } = trained(caseOf({ ...common, step: "a h + b", backward: false, lengths: [1] }));
  const left = (T: number, batch: number, costs: Costs): number =>
    loops(parallel(system, { batch, lengths: { T: [T] }, given: () => [] }, costs));

  it("narrow and long: all; wide: none, unless calls cost much", () => {
    const costs = { call: 1000, element: 1 };
    expect(left(200, 1, costs)).toBe(0);
    expect(left(1000, 20, costs)).toBe(0);
    expect(left(1000, 2000, costs)).toBe(2);
    expect(left(1000, 2000, { call: 1e6, element: 1 })).toBe(0);
  });

  it("nothing where nobody knows what they cost", () => {
    const plan = (costs?: Costs): number =>
      lower({ system, program: schedule(system) }, { batch: 1, extents: { T: 40 } }, outputs, costs ? { costs } : {})
        .instrs.length;
    expect(plan({ call: 1, element: 1000 })).toBe(plan());
    expect(plan({ call: 1000, element: 1 })).not.toBe(plan());
  });

  it("every backend says so", () => {
    for (const { costs } of backends) expect(costs?.call).toBeGreaterThan(costs?.element as number);
  });
});
