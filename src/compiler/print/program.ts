import { loopsAround } from "../schedule/schedule.js";
import type { Item, Loop, Program } from "../schedule/types.js";
import { Lines } from "./lines.js";
import { isProduct, loopVariable, orderOf, structureOf } from "./summary.js";

/**
 * The schedule: what is computed for a whole axis at once, and the loops with what is computed at each step.
 * Parts stand in the line of their reader only where both are computed in the same loop, so a line is where its work is.
 */
export function program(scheduled: Program): string {
  const { system, items } = scheduled;
  const around = loopsAround(scheduled);
  const innermost = (id: string): Loop | undefined => around.get(id)?.at(-1);
  const lines = new Lines(system, (reader, part) => innermost(reader.id) === innermost(part.id));
  const written = lines.write([...around.keys()].filter((id) => lines.has(id)));
  const out: string[] = [];
  const writeItems = (all: readonly Item[], indent: string) => {
    for (const item of all) {
      if (item.kind === "eq") out.push(...(written.get(item.v) ?? []).map((line) => `${indent}${line}`));
      else writeLoop(item, indent);
    }
  };
  const writeLoop = (loop: Loop, indent: string) => {
    out.push(`${indent}${head(loop)}`);
    writeItems(loop.body, `${indent}  `);
    out.push(`${indent}}`);
  };
  const head = (loop: Loop): string => {
    const index = loopVariable(system, loop);
    const structure = structureOf(system, loop.axis);
    if (structure) return `for ${index} ${orderOf(structure, loop.direction)} {  # ${notesOf(loop).join("; ")}`;
    const range = loop.direction === 1 ? `from 0 to ${loop.axis}-1` : `from ${loop.axis}-1 down to 0`;
    return `for ${index} ${range} {  # ${notesOf(loop).join("; ")}`;
  };
  const notesOf = (loop: Loop): string[] => {
    const products = loop.body.filter((item) => item.kind === "eq" && isProduct(system, item.v)).length;
    const late = Object.entries(loop.offsets).filter(([id, offset]) => offset !== 0 && lines.has(id));
    return [
      `${products} ${products === 1 ? "matmul" : "matmuls"} per step`,
      ...late.map(([id, offset]) => `${lines.nameOf(id)} runs ${offset} ${offset === 1 ? "step" : "steps"} later`),
    ];
  };
  // What is given has no place in the schedule; its boundary clauses stand first.
  const given = [...system.values.values()].filter(({ id, eq }) => eq === null && lines.has(id)).map(({ id }) => id);
  out.push(...[...lines.write(given).values()].flat());
  const sections = split(items);
  sections.forEach((section, i) => {
    if (section.kind === "loop") {
      writeLoop(section, "");
    } else {
      const start = out.length;
      writeItems(section.items, "  ");
      if (out.length > start) out.splice(start, 0, `${place(i, sections)}:`);
    }
  });
  return out.length === 0 ? "" : `${out.join("\n")}\n`;
}

type Section = { readonly kind: "batched"; readonly items: readonly Item[] } | Loop;

/** Runs of batched equations, and the outermost loops between them. */
function split(items: readonly Item[]): Section[] {
  const out: Section[] = [];
  let run: Item[] = [];
  const flush = () => {
    if (run.length > 0) out.push({ kind: "batched", items: run });
    run = [];
  };
  for (const item of items) {
    if (item.kind === "eq") run.push(item);
    else {
      flush();
      out.push(item);
    }
  }
  flush();
  return out;
}

function place(i: number, sections: readonly Section[]): string {
  const isLoop = ({ kind }: Section) => kind === "loop";
  if (!sections.some(isLoop)) return "at once";
  if (!sections.slice(0, i).some(isLoop)) return "before the loops";
  return sections.slice(i + 1).some(isLoop) ? "between the loops" : "after the loops";
}
