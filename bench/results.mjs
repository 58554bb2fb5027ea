/** What was measured, over all rounds: of times the shortest counts, of memory the most. */
const least = ["first_ms", "min_ms", "median_ms", "compile_ms"];
const most = ["tokens_per_second", "gflops", "peak_memory_mb"];
const latest = ["peer", "group", "against", "version", "engine", "kernels", "nodes"];

export class Results {
  #measured = new Map();
  #failures = new Map();

  add(name, line) {
    const key = `${name}\n${line.peer}`;
    const before = this.#measured.get(key) ?? {};
    const pick = (keys, choose) =>
      keys.flatMap((k) => {
        const known = [before[k], line[k]].filter((x) => x !== undefined);
        return known.length ? [[k, choose(known)]] : [];
      });
    const now = [
      ...pick(latest, (known) => known.at(-1)),
      ...pick(least, (known) => Math.min(...known)),
      ...pick(most, (known) => Math.max(...known)),
    ];
    this.#measured.set(key, { ...Object.fromEntries(now), runs: (before.runs ?? 0) + 1 });
  }

  fail(name, contestant, reason) {
    this.#failures.set(`${name}\n${contestant}`, reason);
  }

  failed(name, contestant) {
    return this.#failures.get(`${name}\n${contestant}`);
  }

  of(name) {
    const own = (map) => [...map].filter(([key]) => key.startsWith(`${name}\n`));
    return {
      measured: own(this.#measured).map(([, line]) => line),
      failed: own(this.#failures).map(([key, reason]) => ({ name: key.split("\n")[1], reason })),
    };
  }
}

/** `ratio`: how many times as long a peer takes as this project on the backend that it is compared with. */
export function merged(cases, results) {
  return cases.map(({ name, model, spec, sizes }) => {
    const { measured, failed } = results.of(name);
    const ours = (backend) => measured.find((m) => m.group === "recurve" && m.against === backend)?.min_ms;
    const withRatio = measured.map((m) => {
      const base = m.group === "recurve" ? undefined : ours(m.against);
      return base === undefined ? m : { ...m, ratio: m.min_ms / base };
    });
    return { name, model, spec, sizes, results: withRatio, failed };
  });
}
