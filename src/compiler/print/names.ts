import type { System, Value } from "../system/types.js";

const activations: ReadonlySet<string> = new Set(["tanh", "sigmoid", "relu", "softplus", "sin", "cos"]);

/** What a part of an equation is called when it needs a line of its own, by what reads it: `h_pre` is what tanh is applied to. */
function rolesOf(system: System): ReadonlyMap<string, string> {
  const roles = new Map<string, string>();
  for (const { eq } of system.values.values()) {
    if (eq === null) continue;
    const [first] = eq.args;
    if (first === undefined) continue;
    if (activations.has(eq.op)) roles.set(first.v, "pre");
    if (eq.op === "xent") roles.set(first.v, "logits");
  }
  return roles;
}

/** The user's name that an id was made from: `h` of `h.0`, `dh` of `dh.0<a.1`, also where `dh` itself is gone. */
function baseOf(id: string, system: System): string {
  const own = id.replace(/<.*$/s, "").replace(/\[[^\]]*\]/g, "");
  const primal = own.startsWith("d") ? namedPrefix(own.slice(1), system) : undefined;
  const known = namedPrefix(own, system) ?? (primal === undefined ? undefined : `d${primal}`);
  const text = known ?? own.replace(/\.\d+(?![\p{L}\p{N}])/gu, "");
  return text.replace(/[^\p{L}\p{M}\p{N}_.]+/gu, "_");
}

/** The longest part of a dotted id, from its start, that is a name of the user's. */
function namedPrefix(id: string, system: System): string | undefined {
  for (let prefix = id; ; ) {
    if (system.values.get(prefix)?.named) return prefix;
    const shorter = prefix.replace(/\.[^.]*$/, "");
    if (shorter === prefix) return undefined;
    prefix = shorter;
  }
}

/** The value whose adjoint this is, by the names that differentiation gives. */
function primalOf(id: string, system: System): string | undefined {
  const primal = id.startsWith("d") ? id.slice(1) : undefined;
  return primal !== undefined && system.values.has(primal) ? primal : undefined;
}

/**
 * Readable names. A value of the user's keeps his; a part gets that of the value it is part of, with `_pre` where
 * an activation follows, `_logits` before a softmax, else with a number. Given in the order of the System, so a name
 * does not depend on what is printed.
 */
export function nameAll(system: System): ReadonlyMap<string, string> {
  const roles = rolesOf(system);
  const names = new Map<string, string>();
  const taken = new Set<string>();
  const give = (id: string, text: string) => {
    names.set(id, text);
    taken.add(text);
  };
  const values = [...system.values.values()];
  for (const { id, named } of values) if (named) give(id, id);
  for (const value of values) if (!value.named) give(value.id, freeName(value, system, roles, taken));
  return names;
}

function freeName(
  { id }: Value,
  system: System,
  roles: ReadonlyMap<string, string>,
  taken: ReadonlySet<string>,
): string {
  // What a random is drawn from belongs to the random and not to its log-probability.
  const base = baseOf(id, system).replace(/\.logp$/, "");
  const role = roles.get(id) ?? roles.get(primalOf(id, system) ?? "");
  const first = role === undefined ? base : `${base}_${role}`;
  if (!taken.has(first)) return first;
  const stem = role === undefined ? `${base}_` : first;
  for (let n = role === undefined ? 1 : 2; ; n++) if (!taken.has(`${stem}${n}`)) return `${stem}${n}`;
}
