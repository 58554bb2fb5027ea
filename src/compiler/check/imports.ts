/** `use`: cells from the standard library and from files beside the spec. */
import * as names from "../diagnostics/check-names.js";
import { nearest } from "../diagnostics/nearest.js";
import { readSpec } from "../json/read.js";
import { std } from "../std.js";
import type { CellDef, Statement } from "../syntax/ast.js";
import { Names } from "./entities.js";
import { label, Reporter } from "./report.js";
import type { Place } from "./types.js";

export type Read = (path: string) => string | null;
type Use = Extract<Statement, { kind: "use" }>;

/** Libraries are read once; their spans carry their file. */
export class Libraries {
  readonly #loaded = new Map<string, Names | "loading">();
  /** Texts of the imported files, for diagnostics that point into them. */
  readonly sources = new Map<string, string>();

  constructor(
    readonly reporter: Reporter,
    readonly read: Read,
  ) {}

  /** Puts the imported cells into `into`. */
  use(s: Use, into: Names, file?: string): void {
    const place: Place = { ...s.pathSpan, ...(file === undefined ? {} : { file }) };
    const library = this.#library(s, place);
    if (!library) {
      for (const { name, span } of s.names) into.set(name, { kind: "wrong", place: span });
      return;
    }
    const cells = [...library.entries()].filter(([, e]) => e.kind === "cell").map(([name]) => name);
    for (const { name, span } of s.names.length ? s.names : cells.map((name) => ({ name, span: s.pathSpan }))) {
      const entity = library.own(name);
      const at: Place = { ...span, ...(file === undefined ? {} : { file }) };
      const first = into.own(name);
      if (first) this.reporter.add(names.duplicateName({ place: at, name, first: first.place }));
      else if (entity?.kind === "cell") into.set(name, { ...entity, place: at });
      else {
        this.reporter.add(names.noSuchCell({ place: at, name, path: s.path, near: nearest(name, cells) }));
        into.set(name, { kind: "wrong", place: at });
      }
    }
  }

  #library(s: Use, place: Place): Names | null {
    const key = s.isFile ? s.path : `std/${s.path.slice("std.".length)}.rcv`;
    const known = this.#loaded.get(key);
    if (known === "loading") {
      this.reporter.add(names.circularImport({ place, path: s.path }));
      return null;
    }
    if (known) return known;
    const text = s.isFile
      ? this.read(s.path)
      : s.path.startsWith("std.")
        ? (std[s.path.slice("std.".length)] ?? null)
        : null;
    if (text === null) {
      const near = nearest(
        s.path,
        Object.keys(std).map((name) => `std.${name}`),
      );
      this.reporter.add(
        s.isFile ? names.unreadableImport({ place, path: s.path }) : names.unknownImport({ place, path: s.path, near }),
      );
      return null;
    }
    this.#loaded.set(key, "loading");
    this.sources.set(key, text);
    const { file, diagnostics } = readSpec(text, key);
    for (const d of diagnostics)
      this.reporter.add({
        ...d,
        labels: [...d.labels.map((l) => ({ ...l, file: key })), label(place, "imported here")],
      });
    const library = new Names();
    for (const item of located(file, key).items) {
      if (item.kind === "cell") defineCell(item, library, this);
      else if (item.kind === "use") this.use(item, library, key);
    }
    this.#loaded.set(key, library);
    return library;
  }
}

const standard = new Map<string, Names>();

/** The text of a file of the library, `std/optimisers.rcv`; undefined if it is none. */
export const standardText = (file: string): string | undefined => std[file.replace(/^std\/|\.rcv$/g, "")];

/** The cells of `std.NAME`, of which every spec may know without importing them. */
export function standardLibrary(name: string): Names {
  const known = standard.get(name);
  if (known) return known;
  const library = new Names();
  const span = { start: 0, end: 0 };
  const reporter = new Reporter();
  new Libraries(reporter, () => null).use(
    { kind: "use", path: `std.${name}`, isFile: false, pathSpan: span, names: [], span },
    library,
  );
  if (reporter.failed) throw new Error(`std.${name}: ${reporter.diagnostics[0]?.message}`);
  standard.set(name, library);
  return library;
}

/** A cell in `home`; its body sees also what it imports and defines itself. */
export function defineCell(def: CellDef, home: Names, libraries: Libraries, reporter = libraries.reporter): void {
  const first = home.own(def.name);
  if (first) {
    reporter.add(names.duplicateName({ place: def.nameSpan, name: def.name, first: first.place }));
    return;
  }
  const inside = new Names(home);
  const place: Place = def.nameSpan;
  for (const s of def.body) {
    if (s.kind === "use") libraries.use(s, inside, place.file);
    if (s.kind === "cell") defineCell(s, inside, libraries, reporter);
  }
  home.set(def.name, { kind: "cell", cell: { def, home: inside }, place });
}

/** The same tree, every span of which knows its file. */
function located<T>(tree: T, file: string): T {
  if (Array.isArray(tree)) return tree.map((x) => located(x, file)) as T;
  if (typeof tree !== "object" || tree === null) return tree;
  const entries = Object.entries(tree).map(([k, v]) => [k, located(v, file)]);
  const copy = Object.fromEntries(entries);
  return (typeof copy.start === "number" && typeof copy.end === "number" ? { ...copy, file } : copy) as T;
}
