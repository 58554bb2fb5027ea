/** The op table. `OpName` is closed, so a target whose table lacks an op does not compile. */
import * as conv from "./conv.js";
import * as elementwise from "./elementwise.js";
import * as linear from "./linear.js";
import * as structure from "./structure.js";
import * as tokens from "./tokens.js";
import type { OpDef } from "./types.js";

const { window: _window, ...convOps } = conv;
const families = { ...elementwise, ...linear, ...structure, ...tokens, ...convOps };

export type OpName = (typeof families)[keyof typeof families]["name"];

const table = new Map<string, OpDef>(Object.values(families).map((def) => [def.name, def as OpDef]));

/** All ops, in order of family. */
export const ops: readonly OpDef[] = [...table.values()];

export function opOf(name: string): OpDef {
  const def = table.get(name);
  if (!def) throw new Error(`there is no op ${name}`);
  return def;
}
