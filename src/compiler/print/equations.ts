import { getValue, type System, type Value } from "../system/types.js";
import { Lines } from "./lines.js";

export interface EquationOptions {
  /** Ids of the values to print, with the lines that their unnamed parts need. All, if absent. */
  readonly only?: Iterable<string>;
}

/**
 * The equations of a System in the language, one a line, with the user's names: `h[t] : [H] = tanh(…)`, then its
 * boundary clauses. Parts that the user did not name stand in their reader where only one reads them. The batch is
 * hidden, and so is a sum over nothing but samples. Adjoints come last, from the loss back to the parameters; that they
 * vanish outside their domain is written as their clause: `dh[T] = 0`.
 */
export function equations(system: System, { only }: EquationOptions = {}): string {
  const lines = new Lines(system);
  const wanted = only === undefined ? undefined : lines.closure(only);
  return text(
    lines,
    inOrder(system, lines).filter((id) => wanted?.has(id) ?? true),
  );
}

/** The equations in two parts: what `first` are made of, and the rest. */
export function twoParts(system: System, first: ReadonlySet<string>): readonly [first: string, rest: string] {
  const lines = new Lines(system);
  const ids = inOrder(system, lines);
  const all = lines.write(ids);
  const part = (belongs: (id: string) => boolean) => join(ids.filter(belongs).flatMap((id) => all.get(id) ?? []));
  return [part((id) => first.has(id)), part((id) => !first.has(id))];
}

const text = (lines: Lines, ids: readonly string[]) => join([...lines.write(ids).values()].flat());
const join = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");

/**
 * The user's equations in his order, unnamed parts before what reads them; then adjoints before what depends on them,
 * those of parameters last.
 */
function inOrder(system: System, lines: Lines): string[] {
  const order = new Set<string>();
  const entered = new Set<string>();
  const visit = (value: Value, follows: (part: Value) => boolean): void => {
    if (entered.has(value.id) || !lines.has(value.id)) return;
    entered.add(value.id);
    for (const id of lines.reads(value.id)) {
      const part = getValue(system, id);
      if (follows(part)) visit(part, follows);
    }
    order.add(value.id);
  };
  const values = [...system.values.values()];
  const [forward, adjoint] = [values.filter(isForward), values.filter((value) => !isForward(value))];
  for (const value of forward) if (value.named) visit(value, (part) => !part.named && isForward(part));
  for (const value of forward) visit(value, isForward);
  const params = new Set(values.flatMap(({ id, role }) => (role === "param" ? [`d${id}`] : [])));
  const [last, inner] = [adjoint.filter(({ id }) => params.has(id)), adjoint.filter(({ id }) => !params.has(id))];
  for (const value of inner.reverse()) visit(value, (part) => !isForward(part) && !params.has(part.id));
  for (const value of last) visit(value, (part) => !isForward(part));
  return [...order];
}

const isForward = ({ outside }: Value) => outside === "error";
