/**
 * Unification. A rule looks at the types that it connects and says whether it is done; while any rule makes progress, all
 * are asked again. When none does, rules with a fallback (R5: how a parameter's shape follows from its use) are tried by
 * level and in the order of the text, one at a time.
 */
import type { Dim } from "./dims.js";
import * as dims from "./dims.js";
import { isPoison, knownOf, poison, root, setKnown, shapeOf, type Type } from "./types.js";

export interface Rule {
  /** True when there is nothing more to do. */
  step(): boolean;
  /** A guess that the language prescribes where nothing else decides; true if it was made. */
  fallback?(): boolean;
  /** Fallbacks of a lower level are tried first. */
  readonly level: number;
}

export class Solver {
  #pending: Rule[] = [];
  #unknowns = 0;
  /** Sizes of the vocabularies whose tokens are numbers. */
  readonly numbered = new Map<string, number>();

  /** `conflict`: told where a result has another shape than what was inferred for it from where it stands. */
  constructor(readonly conflict: (result: Type, shape: readonly Dim[]) => void) {}

  unknown(): Dim {
    return dims.unknown(++this.#unknowns);
  }

  add(step: Rule["step"], fallback?: Rule["fallback"], level = 0): void {
    if (!step()) this.#pending.push(fallback ? { step, fallback, level } : { step, level });
  }

  run(): void {
    for (;;) {
      const before = this.#pending.length;
      const pending = this.#pending;
      this.#pending = [];
      this.#pending.unshift(...pending.filter((rule) => !rule.step()));
      if (this.#pending.length < before) continue;
      const byLevel = [...this.#pending].sort((a, b) => a.level - b.level);
      if (!byLevel.some((rule) => rule.fallback?.())) return;
    }
  }

  /** a = b, once enough is known to tell. */
  equalDims(a: Dim, b: Dim, mismatch: () => void): void {
    this.add(() => {
      const result = dims.unify(a, b);
      if (result === "different") mismatch();
      return result !== "later";
    });
  }

  /** Two shapes of one rank; reports at most once. */
  equalShapes(a: readonly Dim[], b: readonly Dim[], mismatch: () => void): void {
    let told = false;
    const once = (): void => {
      if (!told) mismatch();
      told = true;
    };
    if (a.length !== b.length) once();
    else for (const [i, d] of a.entries()) this.equalDims(d, b[i] as Dim, once);
  }

  /** The two types are one and the same. */
  equalTypes(a: Type, b: Type, mismatch: () => void): void {
    const [ra, rb] = [root(a), root(b)];
    if (ra === rb) return;
    const [ka, kb] = [ra.known, rb.known];
    if (!ka || !kb) {
      if (ka) rb.known = ka;
      else ra.known = kb;
      if (!ka) ra.same = rb;
      else rb.same = ra;
      return;
    }
    if (ka.kind === "poison" || kb.kind === "poison") return;
    if (ka.kind === "token" || kb.kind === "token") {
      if (ka.kind !== kb.kind || (ka.kind === "token" && kb.kind === "token" && ka.vocab !== kb.vocab)) mismatch();
      return;
    }
    if (ka.kind === "position" && kb.kind === "position") {
      if (ka.axis !== kb.axis) mismatch();
      return;
    }
    this.equalShapes(shapeOf(ra) ?? [], shapeOf(rb) ?? [], mismatch);
  }
}

/** Gives a result its shape. A result is a fresh variable, known at most through a fallback for what it defines. */
export function give(solver: Solver, result: Type, shape: readonly Dim[]): void {
  const known = knownOf(result);
  const mismatch = (): void => {
    solver.conflict(result, shape);
    spoil(result);
  };
  if (!known) setKnown(result, { kind: "float", shape });
  else if (known.kind === "float") solver.equalShapes(known.shape, shape, mismatch);
  else if (known.kind === "token" || (known.kind === "position" && shape.length)) mismatch();
}

/** An error was reported: nothing that follows from `types` is worth another. */
export function spoil(...types: readonly Type[]): void {
  for (const t of types) if (!isPoison(t)) setKnown(t, poison().known as NonNullable<Type["known"]>);
}
