/**
 * Well-formed specs from a tape of numbers: each choice takes the next number, 0 is the simplest choice, and an empty tape
 * is the simplest spec, so that a shrunk tape is a small counterexample. All vectors are [H]. Causal by construction: the
 * values of a running group are read at earlier indices only, complete ones anywhere that their clauses allow.
 */

/** A value that may be read: over which axes, and how far beyond each end of them. */
interface Known {
  readonly name: string;
  readonly axes: readonly string[];
  /** Indices before the start of each axis that have a clause. */
  readonly lags: readonly number[];
  readonly ahead: readonly number[];
  /** Of the running group: along its first recurrent axis only at strictly earlier indices, by this sign. */
  readonly running?: { readonly axis: string; readonly sign: 1 | -1 };
}

interface Scope {
  /** Variables that are free here. */
  readonly vars: readonly string[];
  readonly open: readonly Known[];
}

const bounds: Readonly<Record<string, string>> = { t: "T", s: "S", k: "K" };
const H = "[H]";

class Generator {
  readonly #tape: readonly number[];
  #next = 0;
  #params = 0;
  readonly #declarations: string[] = [];
  readonly #equations: string[] = [];
  readonly #uses = new Set<string>();
  readonly #axes = new Set<string>();
  readonly #cells = new Set<string>();
  readonly done: Known[] = [];

  constructor(tape: readonly number[]) {
    this.#tape = tape;
  }

  choose(n: number): number {
    return (this.#tape[this.#next++] ?? 0) % n;
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.choose(list.length)] as T;
  }

  #axis(line: string): void {
    if (this.#axes.has(line)) return;
    this.#axes.add(line);
  }

  #param(shape: string, index = ""): string {
    const name = `p${this.#params++}`;
    this.#declarations.push(`param ${name}${index} : ${shape} ~ normal(0, 0.6)`);
    return `${name}${index}`;
  }

  #input(name: string, axes: readonly string[], type: string, lags: readonly number[] = []): void {
    const index = axes.length ? `[${axes.join(",")}]` : "";
    this.#declarations.push(`input ${name}${index} : ${type}`);
    if (type === H) this.done.push({ name, axes, lags: axes.map((_, i) => lags[i] ?? 0), ahead: axes.map(() => 0) });
  }

  /** The sequence axis and what is given along it; on demand, so that a small spec is small. */
  #sequence(): void {
    if (this.#axes.has("axis t < T")) return;
    this.#axis("axis t < T");
    this.#input("x", ["t"], H, [1]);
    this.#equations.push("x[-1] = 0.5");
    this.#input("w", ["t"], "Word");
  }

  #memory(): void {
    if (this.#axes.has("axis s < S")) return;
    this.#axis("axis s < S");
    this.#input("m", ["s"], H);
  }

  #word(scope: Scope): string {
    if (scope.vars.includes("t")) {
      this.#sequence();
      return "w[t]";
    }
    return "w[0]";
  }

  /** A value at the variables of the scope, or at a constant place. */
  #read(scope: Scope): string {
    const usable = [...this.done, ...scope.open].filter((v) => this.#places(v, scope).every((p) => p.length > 0));
    if (!usable.length) return this.#param(H);
    const v = this.#pick(usable);
    const at = this.#places(v, scope).map((p) => this.#pick(p));
    return at.length ? `${v.name}[${at.join(", ")}]` : v.name;
  }

  /** Where a value can be read along each of its axes. */
  #places(v: Known, scope: Scope): string[][] {
    return v.axes.map((axis, i) => {
      const [lags, ahead] = [v.lags[i] as number, v.ahead[i] as number];
      const { running } = v;
      const places: string[] = [];
      if (scope.vars.includes(axis)) {
        const strict = running?.axis === axis;
        if (!strict) places.push(axis);
        for (let n = 1; n <= lags; n++) if (!running || !strict || running.sign < 0) places.push(`${axis}-${n}`);
        for (let n = 1; n <= ahead; n++) if (!running || !strict || running.sign > 0) places.push(`${axis}+${n}`);
        if (running && !strict) return [axis];
      }
      if (!running && bounds[axis] !== undefined && lags) places.push(`${bounds[axis]}-1`);
      if (!running && bounds[axis] !== undefined && ahead) places.push("0");
      if (!running && axis === "n" && !scope.vars.includes("n")) places.push("root");
      if (!running && axis === "l" && !scope.vars.includes("l")) places.push("1", "0");
      if (!running && axis === "u" && !scope.vars.includes("u") && lags)
        places.push(scope.vars.includes("k") ? "U[k]-1" : "U[K-1]-1");
      return places;
    });
  }

  /** A vector in the variables of the scope. */
  vector(depth: number, scope: Scope): string {
    const go = (): string => this.vector(depth - 1, scope);
    const { vars } = scope;
    switch (depth <= 0 ? 0 : this.choose(18)) {
      case 1:
        return `${this.#param("[H, H]")} @ ${atom(go())}`;
      case 2:
        return `${go()} + ${atom(go())}`;
      case 3:
        return `${atom(go())} * ${atom(go())}`;
      case 4:
        return `${this.#pick(["tanh", "sigmoid", "sin"])}(${go()})`;
      case 5:
        return `${this.scalar(depth - 1, scope)} * ${atom(go())}`;
      case 6:
        return `${this.#param("[H, 2*H]")} @ [${go()}; ${go()}]`;
      case 7: {
        if (!vars.includes("t")) return go();
        return `${this.#param("[H, Word]")} @ ${this.#word(scope)}`;
      }
      case 8: {
        const tests = vars.flatMap((v) => (v === "t" ? ["t == 0", "t == T-1", "t mod 2 == 0", "t < 2"] : []));
        const test = tests.length && this.choose(2) ? this.#pick(tests) : `sum(${go()}) < 0.3`;
        return `(if ${test} then ${go()} else ${go()})`;
      }
      case 9: {
        if (!vars.includes("t")) return go();
        const past = [...this.done, ...scope.open].filter(
          (v) => v.axes.length === 1 && v.axes[0] === "t" && (v.running?.sign ?? -1) < 0,
        );
        if (!past.length) return go();
        const v = this.#pick(past).name;
        this.#axis("axis u_ < T");
        return `sum[u_](if u_ < t then sigmoid(dot(${v}[u_], ${go()})) * ${v}[u_] else 0)`;
      }
      case 10:
        this.#memory();
        return `sum[s](softmax[s](dot(${go()}, m[s])) * m[s])`;
      case 11:
        this.#memory();
        return this.#pick([`max[s](m[s] * ${atom(go())})`, `mean[s](sin(m[s] + ${atom(go())}))`, "min[s](m[s])"]);
      case 12:
        return `1 - ${atom(go())}`;
      case 13: {
        if (!vars.includes("t")) return go();
        this.#sequence();
        this.#memory();
        if (!this.#declarations.includes("input p[t] : s")) this.#declarations.push("input p[t] : s");
        return "m[p[t]]";
      }
      case 14: {
        if (!vars.includes("t")) return go();
        this.#sequence();
        const whole = this.done.filter((v) => v.axes.length === 1 && v.axes[0] === "t");
        return whole.length ? `${this.#pick(whole).name}[T-1-t]` : go();
      }
      case 15:
        return `${atom(go())} / (1 + ${atom(go())}^2)`;
      case 16:
        return `layernorm(${go()} + ${this.#param(H)})`;
      case 17:
        return `-${atom(go())}`;
      default:
        return this.#read(scope);
    }
  }

  scalar(depth: number, scope: Scope): string {
    const go = (): string => this.vector(depth, scope);
    switch (this.choose(5)) {
      case 1:
        return `sum(${go()})`;
      case 2:
        return `norm(${go()} + 0.7)`;
      case 3:
        return `softplus(max(${go()}))`;
      case 4:
        return `exp(-sum((${go()})^2))`;
      default:
        return `dot(${go()}, ${go()})`;
    }
  }

  /** A value of a clause: without variables. */
  #start(): string {
    return this.#pick(["0", this.choose(2) ? this.#param(H) : "0.3", `tanh(${this.#read({ vars: [], open: [] })})`]);
  }

  /** Mutually recurrent values along t. */
  #recurrent(name: string, sign: 1 | -1): void {
    this.#sequence();
    const count = 1 + this.choose(2);
    const group = Array.from({ length: count }, (_, i): Known => {
      const lags = sign < 0 ? 1 + this.choose(2) : this.choose(2);
      const ahead = sign > 0 ? 1 : this.choose(2);
      return { name: `${name}${i}`, axes: ["t"], lags: [lags], ahead: [ahead], running: { axis: "t", sign } };
    });
    const scope: Scope = { vars: ["t"], open: group };
    for (const v of group) {
      this.#equations.push(`${v.name}[t] : [H] = tanh(${this.vector(3, scope)} + ${atom(this.vector(2, scope))})`);
    }
    for (const v of group) {
      for (let n = 1; n <= (v.lags[0] as number); n++) this.#equations.push(`${v.name}[-${n}] = ${this.#start()}`);
      if (v.ahead[0]) this.#equations.push(`${v.name}[T] = ${this.#start()}`);
    }
    for (const { running: _, ...v } of group) this.done.push(v);
  }

  #cell(name: string): void {
    this.#sequence();
    const scope: Scope = { vars: ["t"], open: [] };
    if (this.choose(2)) {
      this.#uses.add("GRU");
      this.#declarations.push(`cell f_${name} = GRU(H)`);
      this.#equations.push(`${name}[t] = f_${name}(${this.vector(2, scope)}, ${name}[t-1])`, `${name}[-1] = 0`);
    } else {
      this.#uses.add("LSTM");
      this.#declarations.push(`cell f_${name} = LSTM(H)`);
      this.#equations.push(
        `(${name}[t], c_${name}[t]) = f_${name}(${this.vector(2, scope)}, ${name}[t-1], c_${name}[t-1])`,
        `${name}[-1] = 0`,
        `c_${name}[-1] = ${this.#start()}`,
      );
    }
    this.done.push({ name, axes: ["t"], lags: [1], ahead: [0] });
  }

  /** Layers as an axis. */
  #layers(name: string): void {
    this.#sequence();
    this.#axis("axis l < 2");
    const [A, B] = [this.#param("[H, H]", "[l]"), this.#param("[H, H]", "[l]")];
    const below = this.vector(1, { vars: ["t"], open: [] });
    this.#equations.push(
      `${name}[l,t] = tanh(${A} @ ${name}[l-1,t] + ${B} @ ${name}[l,t-1])`,
      `${name}[l = -1, t] = ${below}`,
      `${name}[l, -1] = 0`,
    );
    this.done.push({ name, axes: ["l", "t"], lags: [0, 1], ahead: [0, 0] });
  }

  /** Two recurrent axes at once. */
  #grid(name: string): void {
    this.#sequence();
    this.#memory();
    const terms = [
      `${this.#param("[H, H]")} @ ${name}[t-1,s]`,
      `${this.#param("[H, H]")} @ ${name}[t,s-1]`,
      ...(this.choose(2) ? [`0.5 * ${name}[t-1,s-1]`] : []),
    ];
    const corner = terms.length > 2;
    this.#equations.push(
      `${name}[t,s] : [H] = tanh(${this.vector(2, { vars: ["t", "s"], open: [] })} + ${terms.join(" + ")})`,
      `${name}[-1,s] = ${this.choose(2) ? "m[s]" : "0"}`,
      `${name}[t,-1] = 0`,
      ...(corner ? [`${name}[-1,-1] = 1`] : []),
    );
    this.done.push({ name, axes: ["t", "s"], lags: [1, 1], ahead: [0, 0] });
    if (!corner) this.done.pop();
    if (!corner) this.#equations.push(`r_${name}[t] = sum[s](${name}[t,s])`);
    if (!corner) this.done.push({ name: `r_${name}`, axes: ["t"], lags: [0], ahead: [0] });
  }

  /** Two recurrent variables on one axis, with edges outside or inside of the domain. */
  #square(name: string): void {
    this.#memory();
    this.#axis("axis i < S");
    this.#axis("axis j < S");
    const [A, B] = [this.#param("[H, H]"), this.#param("[H, H]")];
    const own = this.#pick(["m[i] * m[j]", "m[i] - 0.5 * m[j]", "0.3 * (i - j) * m[j]"]);
    const edges = this.#pick([
      [`${name}[-1,j] = m[j]`, `${name}[i,-1] = 0`],
      [`${name}[0,j] = tanh(${A} @ ${name}[0,j-1] + m[j])`, `${name}[i,0] = m[i]`, `${name}[0,0] = ${this.#start()}`],
      [`${name}[0,j] = m[j]`, `${name}[i < 0, j] = 0`, `${name}[i,-1] = 0.2 * m[i]`, `${name}[0,-1] = m[0]`],
    ]);
    this.#equations.push(`${name}[i,j] : [H] = tanh(${own} + ${A} @ ${name}[i-1,j] + ${B} @ ${name}[i,j-1])`, ...edges);
    this.done.push({ name, axes: ["i", "j"], lags: [0, 0], ahead: [0, 0] });
  }

  /** Cells along an axis: attention, recurrences both ways, heads with an axis of their own. */
  #along(name: string): void {
    this.#sequence();
    const scope: Scope = { vars: ["t"], open: [] };
    const query = this.vector(2, scope);
    switch (this.choose(3)) {
      case 0: {
        this.#memory();
        this.#cells.add(attention);
        this.#declarations.push(`cell f_${name} = Attend(H)`);
        const along = this.#pick(["m", "m[s]", `tanh(m[s] + ${atom(query)})`]);
        const weights = this.choose(2) && !along.startsWith("tanh") ? `, a_${name}[t,s]` : `, a_${name}[t,r_]`;
        if (weights.endsWith("r_]")) this.#axis("axis r_ < S");
        this.#equations.push(
          `(${name}[t]${weights}) = f_${name}(${query}, ${along})`,
          `loss 0.1 * ${weights.slice(2)}^2`,
        );
        break;
      }
      case 1: {
        this.#cells.add(both);
        this.#declarations.push(`cell f_${name} = Both(H)`);
        const whole = this.done.filter((v) => v.axes.length === 1 && v.axes[0] === "t").map((v) => v.name);
        const along = this.#pick([...whole, `x[t] + ${atom(query)}`]);
        this.#equations.push(`${name}[t] = f_${name}(${along})`);
        break;
      }
      default:
        this.#cells.add(heads);
        this.#declarations.push(`cell f_${name} = Heads(N = 2)`);
        this.#equations.push(`${name}[t] = x[t] + f_${name}(x[t] * ${atom(query)})`);
    }
    this.done.push({ name, axes: ["t"], lags: [0], ahead: [0] });
  }

  /** A tree, from the leaves up and perhaps from the root down. */
  #tree(name: string): void {
    if (!this.#axes.has("tree n")) {
      this.#axis("tree n");
      this.#input("v", ["n"], H);
    }
    const scope: Scope = { vars: ["n"], open: [] };
    const message = this.#pick([
      "§",
      `${this.#param("[H, H]")} @ §`,
      `tanh(§ + ${atom(this.vector(1, scope))})`,
      `σ(${this.#param(H)} * §) * §`,
    ]).replaceAll("§", `${name}[k_]`);
    const by = this.#pick(["sum", "mean"]);
    this.#equations.push(`${name}[n] = tanh(${this.vector(2, scope)} + ${by}[k_ in kids(n)](${message}))`);
    this.done.push({ name, axes: ["n"], lags: [0], ahead: [0] });
    if (this.choose(2)) {
      this.#equations.push(
        `d_${name}[n] = tanh(${this.vector(2, scope)} + ${this.#param("[H, H]")} @ d_${name}[parent(n)])`,
        `d_${name}[parent(root)] = ${this.#start()}`,
      );
      this.done.push({ name: `d_${name}`, axes: ["n"], lags: [0], ahead: [0] });
    }
  }

  /** Sequences within a sequence. */
  #nested(name: string): void {
    if (!this.#axes.has("axis k < K")) {
      this.#axis("axis k < K");
      this.#axis("axis u < U[k]");
      this.#input("q", ["k", "u"], H);
    }
    const inner: Scope = { vars: ["k", "u"], open: [] };
    this.#equations.push(
      `${name}[k,u] : [H] = tanh(${this.vector(2, inner)} + ${this.#param("[H, H]")} @ ${name}[k,u-1])`,
      `${name}[k,-1] = 0`,
    );
    this.done.push({ name, axes: ["k", "u"], lags: [0, 1], ahead: [0, 0] });
    const read = this.#pick([
      `${name}[k,U[k]-1]`,
      `sum[u](softmax[u](sum(${name}[k,u])) * ${name}[k,u])`,
      `mean[u](${name}[k,u])`,
      `max[u](${name}[k,u] + q[k,u])`,
    ]);
    // a maximum over nothing is no number
    this.#equations.push(
      `o_${name}[k] = tanh(${read} + ${this.#param("[H, H]")} @ o_${name}[k-1])`,
      `o_${name}[-1] = ${this.#start()}`,
    );
    this.done.push({ name: `o_${name}`, axes: ["k"], lags: [1], ahead: [0] });
  }

  #output(i: number): void {
    const axes = [...new Set(this.done.map((v) => v.axes.join()))].filter((a) => a.length === 1 || a === "");
    const over = this.#pick(axes.length ? axes : [""]);
    const vars = over ? [over] : [];
    const index = over ? `[${over}]` : "";
    const z = this.vector(2, { vars, open: [] });
    const y = `y${i}`;
    switch (this.choose(5)) {
      case 1:
        this.#declarations.push(`random ${y}${index} : Word`);
        this.#equations.push(`${y}${index} ~ categorical(${this.#param("[Word, H]")} @ ${atom(z)})`);
        return;
      case 2:
        this.#declarations.push(`random ${y}${index}`);
        this.#equations.push(`${y}${index} ~ bernoulli(sum(${z}))`);
        return;
      case 3:
        this.#memory();
        if (over === "s") break;
        this.#declarations.push(`random ${y}${index} : s`);
        this.#equations.push(`${y}${index} ~ categorical[s](dot(m[s], ${z}))`);
        return;
      case 4:
        this.#declarations.push(`random ${y}${index} : [H]`);
        this.#equations.push(`${y}${index} ~ laplace(${z}, 1) weight 0.5`);
        return;
    }
    this.#declarations.push(`random ${y}${index} : [H]`);
    this.#equations.push(`${y}${index} ~ normal(${z}, 1)`);
  }

  spec(): string {
    const groups = 1 + this.choose(3);
    for (let i = 0; i < groups; i++) {
      const name = "habcd"[i] as string;
      const kinds = [
        () => this.#recurrent(name, -1),
        () => this.#recurrent(name, 1),
        () => this.#cell(name),
        () => this.#layers(name),
        () => this.#grid(name),
        () => this.#tree(name),
        () => this.#nested(name),
        () => this.#square(name),
        () => this.#along(name),
      ];
      (kinds[this.choose(kinds.length)] as () => void)();
    }
    for (let i = 0; i <= this.choose(2); i++) this.#output(i);
    // every value counts, so that nothing is dead
    for (const v of this.done) {
      const at = v.axes.length ? `${v.name}[${v.axes.join(",")}]` : v.name;
      this.#equations.push(`loss 0.1 * sum(sin(${at}))`);
    }
    const lines = [
      ...(this.#uses.size ? [`use std.cells (${[...this.#uses].join(", ")})`] : []),
      'vocab Word = ["a", "b", "c"]',
      "dim H = 2",
      ...this.#axes,
      ...this.#declarations,
      ...this.#equations,
    ];
    return `${[...this.#cells].join("")}model m {\n${lines.map((l) => `  ${l}\n`).join("")}}\n`;
  }
}

const attention = `cell Attend(q : [H], e[s] : [H]) -> (c : [H], a[s]) {
  param W : [H, H] ~ normal(0, 0.6)
  a[s] = softmax[s](dot(q, W @ e[s]))
  c = sum[s](a[s] * e[s])
}
`;
const both = `cell Both(x[s] : [X]) -> y[s] : [H] {
  axis s < S
  param U : [H, H] ~ normal(0, 0.6), V : [H, X] ~ normal(0, 0.6)
  x[S] = 0.1
  f[s] = tanh(U @ f[s-1] + V @ x[s]);  f[-1] = 0
  b[s] = tanh(V @ x[s+1] - U @ b[s+1]);  b[S] = f[S-1]
  y[s] = f[s] * b[s] + f[0]
}
`;
const heads = `cell Heads(x[t] : [D]) -> y[t] : [D] {
  axis t < T
  axis u < T
  axis i < N
  param Q[i] : [D, D] ~ normal(0, 0.6), V[i] : [D, D] ~ normal(0, 0.6)
  a[i,t,u] = softmax[u](if u <= t then dot(Q[i] @ x[t], x[u]) else -inf)
  y[t] = sum[i](V[i] @ sum[u](if u <= t then a[i,t,u] * x[u] else 0))
}
`;

/** In parentheses, unless it is a name, a read or a call. */
const atom = (e: string): string => (/^[\wσ]+(\[[^[\]]*\])?$/.test(e) || /^\w+\([^()]*\)$/.test(e) ? e : `(${e})`);

export const randomSpec = (tape: readonly number[]): string => new Generator(tape).spec();
