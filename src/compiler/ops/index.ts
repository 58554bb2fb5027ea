/** The op table. `OpName` is closed, so a target whose table lacks an op does not compile. */
import * as conv from "./conv.js";
import { beam, choose, draw } from "./draws.js";
import * as elementwise from "./elementwise.js";
import * as linear from "./linear.js";
import * as matrices from "./matrices.js";
import * as statistics from "./statistics.js";
import * as structure from "./structure.js";
import * as tokens from "./tokens.js";
import type { OpDef } from "./types.js";

const { window: _window, ...convOps } = conv;
const { eliminate: _eliminate, ...matrixOps } = matrices;
const all = {
  ...elementwise,
  ...linear,
  ...matrixOps,
  ...statistics,
  ...structure,
  ...tokens,
  draw,
  choose,
  beam,
  ...convOps,
};

export type OpName = (typeof all)[keyof typeof all]["name"];

export interface Family {
  readonly name: string;
  readonly doc: string;
  readonly ops: readonly OpDef[];
}

const byName = (family: object): readonly OpDef[] =>
  Object.values(family as Record<string, OpDef>).sort((a, b) => (a.name < b.name ? -1 : 1));

/** All ops, as `specs/ops.md` lists them. */
export const families: readonly Family[] = [
  {
    name: "Elementwise",
    doc: "All arguments and the result have one shape. At kinks the derivative is 0; a tie gives all of it to the first.",
    ops: byName(elementwise),
  },
  { name: "Contractions", doc: "Vectors are columns.", ops: byName(linear) },
  { name: "Statistics", doc: "What normalisations are made of; over all features.", ops: byName(statistics) },
  { name: "Matrices", doc: "Small square matrices, by Gaussian elimination.", ops: byName(matrixOps) },
  {
    name: "Structure and reductions",
    doc: "Slices and concatenations act on the first dim; `…Along` ops act along an axis.",
    ops: byName(structure),
  },
  {
    name: "Tokens",
    doc: "An integer stands for its one-hot vector; −1 is the missing token, the zero vector. Indices have no derivative.",
    ops: byName({ ...tokens, draw }),
  },
  {
    name: "Draws",
    doc: "What randoms are drawn from; with variables that the distribution ranges over.",
    ops: [draw, choose, beam],
  },
  {
    name: "Images",
    doc: "One element is [height, width, channels]; cross-correlation; `stride`, and `pad` is `valid` or `same`.",
    ops: byName(convOps),
  },
];

export const ops: readonly OpDef[] = families.flatMap((family) => family.ops);

const table = new Map<string, OpDef>(ops.map((def) => [def.name, def]));

export function opOf(name: string): OpDef {
  const def = table.get(name);
  if (!def) throw new Error(`there is no op ${name}`);
  return def;
}
