/** Equations as LaTeX: what is printed in the language is read again and written as a book would set it (amsmath). */
import type { BinaryOp, Expr, Index, Statement, Target } from "../syntax/ast.js";
import { parse } from "../syntax/parse.js";

/** Lines of the language, as `equations` and `bptt` print them, as one `align*`. */
export function latex(text: string): string {
  const readable = text
    .replace(/(?<=[\p{L}_][\p{L}\p{M}\p{N}_.]*)\.(?=[\p{L}\p{N}_])/gu, DOT)
    .replace(/\bloss\b(?!ǃ)/g, `loss${END}`)
    .replace(/\[(\w+): (child\(\w+\) == \w+)\]/g, `[$1 in ${SUCH}($2)]`);
  const { file, diagnostics } = parse(`model m {\n${readable}}\n`);
  if (diagnostics[0]) throw new Error(`what was printed cannot be read again: ${diagnostics[0].message}`);
  const statements = file.items.flatMap((item) => (item.kind === "model" ? item.body : []));
  const names = new Set(statements.flatMap(defined));
  const writer = new Writer(names);
  const rows = statements.flatMap((s) => writer.statement(s) ?? []);
  return rows.length ? `\\begin{align*}\n${rows.join(" \\\\\n")}\n\\end{align*}\n` : "";
}

/** Names of the compiler have dots, those of the language none: a letter that nobody types stands for the dot. */
const DOT = "ǃ";
/** The objective is called by a word of the language. */
const END = "ǂ";
/** Edges with a property, `k: child(k) == n`, are no set that the language has a word for. */
const SUCH = "suchǂ";

const defined = (s: Statement): string[] => {
  if (s.kind === "equation") return [...s.targets.map((t) => t.name), ...namesIn(s.value)];
  return s.kind === "sample" ? [s.target.name, ...namesIn(s.dist)] : [];
};

function namesIn(e: Expr): string[] {
  switch (e.kind) {
    case "name":
    case "index":
      return [e.name, ...(e.kind === "index" ? e.indices.flatMap((i) => namesIn(i.value)) : [])];
    case "call":
      return e.args.flatMap((a) => namesIn(a.value));
    case "unary":
    case "transpose":
      return namesIn(e.arg);
    case "binary":
      return [...namesIn(e.left), ...namesIn(e.right)];
    case "if":
      return [...namesIn(e.cond), ...namesIn(e.then), ...namesIn(e.else)];
    case "concat":
      return e.parts.flatMap(namesIn);
    case "list":
      return e.items.flatMap(namesIn);
    default:
      return [];
  }
}

const greek = new Set(
  "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega".split(
    " ",
  ),
);
/** Greek letters by themselves; what looks like a Latin letter has no command. */
const greekLetters: Readonly<Record<string, string>> = Object.fromEntries(
  [..."αβγδεζηθικλμνξπρστυφχψω"].map((letter, i) => [letter, [...greek][i] as string]),
);
const functions: Readonly<Record<string, string>> = {
  tanh: "\\tanh",
  sigmoid: "\\sigma",
  exp: "\\exp",
  log: "\\log",
  sin: "\\sin",
  cos: "\\cos",
  max: "\\max",
  min: "\\min",
  argmax: "\\operatorname*{arg\\,max}",
};
const operators: Readonly<Record<BinaryOp, string>> = {
  "+": " + ",
  "-": " - ",
  "*": " \\odot ",
  "/": " / ",
  "@": " \\, ",
  "^": "^",
  div: " \\mathbin{\\mathrm{div}} ",
  mod: " \\bmod ",
  "==": " = ",
  "!=": " \\neq ",
  "<": " < ",
  "<=": " \\leq ",
  ">": " > ",
  ">=": " \\geq ",
  and: " \\land ",
  or: " \\lor ",
};
const levels: readonly (readonly BinaryOp[])[] = [
  ["or"],
  ["and"],
  ["==", "!=", "<", "<=", ">", ">="],
  ["+", "-"],
  ["*", "/", "div", "mod"],
  ["@"],
  ["^"],
];
const levelOf = (op: BinaryOp): number => levels.findIndex((l) => l.includes(op));
/** What binds tighter than every operator. */
const ATOM = levels.length;
/** A sum reaches over the products to its right, as far as the next `+`. */
const SUM = levelOf("*") - 0.5;
const ABOVE = 0.25;

class Writer {
  constructor(readonly names: ReadonlySet<string>) {}

  statement(s: Statement): string | null {
    if (s.kind === "equation") {
      const left = s.targets.map((t) => this.#target(t)).join(", ");
      return `${s.targets.length > 1 ? `(${left})` : left} &= ${this.#write(s.value, 0)}`;
    }
    if (s.kind === "sample") return `${this.#target(s.target)} &\\sim ${this.#write(s.dist, 0)}`;
    return null;
  }

  #target = ({ name, indices }: Target): string => `${this.#name(name)}${this.#indices(indices)}`;

  /** An adjoint has a bar; a number at the end counts versions, as in the book: `h_2` is h^{(2)}; words stay together. */
  #name(name: string): string {
    if (name.length > 1 && name.startsWith("d") && this.names.has(name.slice(1)))
      return `\\bar{${this.#name(name.slice(1))}}`;
    const [, stem = "", number] = /^(.+?)[_ǃ]?(\d+)$/.exec(name) ?? [];
    if (number !== undefined) {
      const base = this.#name(stem);
      return `${base.includes("^") ? `{${base}}` : base}^{(${number})}`;
    }
    const letter = greekLetters[name] ?? name;
    if (greek.has(letter)) return `\\${letter}`;
    return /^\p{L}$/u.test(name) ? name : `\\mathit{${upright(name)}}`;
  }

  #indices(indices: readonly Index[]): string {
    if (!indices.length) return "";
    const of = (domain: Expr): string =>
      domain.kind === "call" && domain.callee === SUCH
        ? ` : ${this.#write(domain, 0)}`
        : ` \\in ${this.#write(domain, 0)}`;
    return `_{${indices.map((i) => this.#write(i.value, 0) + (i.in ? of(i.in) : "")).join(",")}}`;
  }

  #write(e: Expr, least: number): string {
    const [text, level] = this.#expr(e);
    return level < least ? `\\left(${text}\\right)` : text;
  }

  /** What a superscript may follow: TeX refuses a second one. */
  #base(e: Expr): string {
    const text = this.#write(e, ATOM);
    return text.includes("^") ? `{${text}}` : text;
  }

  /** The text, and how tightly it binds. */
  #expr(e: Expr): readonly [string, number] {
    switch (e.kind) {
      case "number":
        return [numberText(e.value), ATOM];
      case "string":
        return [`\\text{\`\`${escaped(e.value.replaceAll(DOT, "."))}''}`, ATOM];
      case "name":
        return [e.name === "inf" ? "\\infty" : this.#name(e.name), ATOM];
      case "index":
        return [`${this.#name(e.name)}${this.#indices(e.indices)}`, ATOM];
      case "transpose":
        return [`${this.#base(e.arg)}^{\\top}`, ATOM];
      case "unary": {
        if (e.op === "not") return [`\\lnot ${this.#write(e.arg, ATOM)}`, levelOf("==")];
        const [, inner] = this.#expr(e.arg);
        return [`-${this.#write(e.arg, SUM)}`, Math.min(inner < SUM ? ATOM : inner, levelOf("*"))];
      }
      case "binary":
        return this.#binary(e);
      case "if": {
        const row = (value: Expr, when: string): string => `${this.#write(value, 0)} & ${when}`;
        const cases = [row(e.then, `\\text{if } ${this.#write(e.cond, 0)}`), row(e.else, "\\text{otherwise}")];
        return [`\\begin{cases} ${cases.join(" \\\\ ")} \\end{cases}`, ATOM];
      }
      case "concat":
        return [`\\left[${e.parts.map((p) => this.#write(p, 0)).join("; ")}\\right]`, ATOM];
      case "list":
        return [`\\left[${e.items.map((p) => this.#write(p, 0)).join(", ")}\\right]`, ATOM];
      case "call":
        return this.#call(e);
    }
  }

  #binary({ op, left, right }: Extract<Expr, { kind: "binary" }>): readonly [string, number] {
    const level = levelOf(op);
    if (op === "/") return [`\\frac{${this.#write(left, 0)}}{${this.#write(right, 0)}}`, ATOM];
    if (op === "^") return [`${this.#base(left)}^{${this.#write(right, 0)}}`, ATOM - 1];
    const scalar = op === "*" && (left.kind === "number" || right.kind === "number");
    const sign = scalar ? " \\, " : operators[op];
    // `@` groups to the right, comparisons not at all
    const leftLevel = op === "@" || level === levelOf("==") ? level + ABOVE : level;
    const rightLevel = op === "@" ? level : level + ABOVE;
    return [`${this.#write(left, leftLevel)}${sign}${this.#write(right, rightLevel)}`, level];
  }

  #call({ callee, binders, args }: Extract<Expr, { kind: "call" }>): readonly [string, number] {
    const [x, y] = args.map((a) => a.value);
    const under = this.#indices(binders);
    const inside = args.map((a) => (a.name ? `${this.#name(a.name)} = ` : "") + this.#write(a.value, 0)).join(", ");
    if (x && callee === SUCH) return [this.#write(x, 0), ATOM];
    if (x && callee === "sum") return [`\\sum${under} ${this.#write(x, SUM)}`, SUM];
    // Iverson's brackets: 1 where it holds, else 0
    if (x && y && callee === "only" && args.length === 2)
      return [`\\left[${this.#write(y, 0)}\\right] \\, ${this.#write(x, levelOf("@"))}`, levelOf("*")];
    if (x && callee === "sqrt") return [`\\sqrt{${inside}}`, ATOM];
    if (x && callee === "abs") return [`\\left\\lvert ${inside} \\right\\rvert`, ATOM];
    if (x && callee === "norm") return [`\\left\\lVert ${inside} \\right\\rVert`, ATOM];
    if (x && callee === "floor") return [`\\left\\lfloor ${inside} \\right\\rfloor`, ATOM];
    if (x && y && callee === "dot") return [`${this.#base(x)}^{\\top} ${this.#write(y, ATOM)}`, levelOf("@")];
    const fn = functions[callee] ?? `\\operatorname{${upright(callee)}}`;
    return [`${fn}${under}\\left(${inside}\\right)`, ATOM];
  }
}

/** A name with its dots again. */
const upright = (name: string): string => name.replaceAll("_", "\\_").replaceAll(DOT, ".").replaceAll(END, "");

const numberText = (x: number): string => {
  const [mantissa, exponent] = String(x).split("e");
  return exponent === undefined ? String(mantissa) : `${mantissa} \\cdot 10^{${Number(exponent)}}`;
};

/** The characters that LaTeX would read as commands. */
const escaped = (text: string): string =>
  text
    .replaceAll("\\", "\\textbackslash ")
    .replaceAll("\n", "\\textbackslash n")
    .replaceAll("\t", "\\textbackslash t")
    .replace(/[#$%&_{}]/g, "\\$&")
    .replaceAll("~", "\\textasciitilde ")
    .replaceAll("^", "\\textasciicircum ");
