/**
 * A reader of the mathematics that TeX accepts, as far as the printer writes it: groups, one subscript and one
 * superscript to a base, `\left` with `\right`, environments, commands with their arguments. Throws where TeX would stop.
 */
const arity: Readonly<Record<string, number>> = {
  frac: 2,
  sqrt: 1,
  bar: 1,
  mathit: 1,
  mathrm: 1,
  mathbin: 1,
  operatorname: 1,
  "operatorname*": 1,
};
const plain = new Set(
  "sum tanh sigma exp log sin cos max min odot top infty lnot land lor bmod neq leq geq sim cdot in lvert rvert lVert rVert lfloor rfloor alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho tau upsilon phi chi psi omega".split(
    " ",
  ),
);
const spaces = new Set([",", " "]);
const delimiters = new Set("( ) [ ] lvert rvert lVert rVert lfloor rfloor".split(" "));

export function readTex(text: string): { rows: number } {
  const tokens = text.match(/\\[A-Za-z]+\*?|\\.|[^\s\\]|\\/gsu) ?? [];
  let at = 0;
  const peek = (): string | undefined => tokens[at];
  const stop = (why: string): never => {
    throw new Error(`${why} at ${tokens.slice(Math.max(0, at - 8), at + 3).join(" ")}`);
  };
  const expect = (token: string): void => {
    if (tokens[at++] !== token) stop(`no ${token}`);
  };

  function group(): void {
    expect("{");
    list("}");
    expect("}");
  }

  /** The letters of a group that is read as text. */
  function raw(): string {
    expect("{");
    let out = "";
    for (let depth = 1; ; ) {
      const token = tokens[at++] ?? stop("the text ends");
      if (token === "{") depth++;
      if (token === "}" && --depth === 0) return out;
      if (/^[#$%&_~^]$/.test(token)) stop(`${token} in a text`);
      out += token;
    }
  }

  function delimiter(): void {
    const token = (tokens[at++] ?? "").replace(/^\\/, "");
    if (!delimiters.has(token)) stop(`${token} is no delimiter`);
  }

  function atom(): void {
    const token = peek() ?? stop("the text ends");
    if (token === "{") return group();
    at++;
    if (token === "\\left") {
      delimiter();
      list("\\right");
      expect("\\right");
      return delimiter();
    }
    if (token === "\\begin") {
      if (raw() !== "cases") stop("an unknown environment");
      table("\\end");
      expect("\\end");
      if (raw() !== "cases") stop("another environment ends");
      return;
    }
    if (token === "\\text") return void raw();
    const command = /^\\(.+)$/.exec(token)?.[1];
    if (command === undefined) {
      if (/^[&#$%~^_}]$/.test(token)) stop(`${token} cannot stand here`);
      return;
    }
    if (spaces.has(command) || plain.has(command) || command === "_") return;
    const count = arity[command] ?? stop(`\\${command} is unknown`);
    for (let i = 0; i < count; i++) group();
  }

  function scripted(): void {
    atom();
    const seen = new Set<string>();
    for (let sign = peek(); sign === "_" || sign === "^"; sign = peek()) {
      if (seen.has(sign)) stop(`a second ${sign}`);
      seen.add(sign);
      at++;
      group();
    }
  }

  function list(end: string): void {
    while (peek() !== end && peek() !== undefined && peek() !== "&" && peek() !== "\\\\") scripted();
  }

  /** Rows of two cells; how many. */
  function table(end: string): number {
    let rows = 0;
    for (;;) {
      list(end);
      expect("&");
      list(end);
      rows++;
      if (peek() !== "\\\\") return rows;
      at++;
    }
  }

  if (!tokens.length) return { rows: 0 };
  expect("\\begin");
  if (raw() !== "align*") stop("another environment");
  const rows = table("\\end");
  expect("\\end");
  if (raw() !== "align*") stop("another environment ends");
  if (at < tokens.length) stop("more behind the end");
  return { rows };
}
