/**
 * The schedule as a picture for a slide: what comes before, in and after each loop, and what goes round in it.
 *
 *     before   │ h_4                                    1 product
 *     t ────▶  │ h                  ↺ h[t-1]            1 product a step
 *     after    │ y_logits                               1 product
 */
import { loopsAround } from "../schedule/schedule.js";
import { slotIn } from "../schedule/slots.js";
import type { Item, Loop, Program } from "../schedule/types.js";
import { touches } from "../system/deps.js";
import { axisOf, getValue, type System } from "../system/types.js";
import { Lines } from "./lines.js";
import { isProduct, loopVariable, orderOf, structureOf } from "./summary.js";

interface Row {
  readonly where: string;
  readonly what: readonly string[];
  readonly round: readonly string[];
  readonly work: string;
}

export interface PictureOptions {
  /** Columns that there are. */
  readonly width?: number;
}

/** Below this there is no room for how much work a step is. */
const NARROW = 60;

export function picture(program: Program, { width = 96 }: PictureOptions = {}): string {
  const around = loopsAround(program);
  const innermost = (id: string): Loop | undefined => around.get(id)?.at(-1);
  const lines = new Lines(program.system, (reader, part) => innermost(reader.id) === innermost(part.id));
  const all = rows(program.items, program.system, lines, 0, true);
  if (!all.length) return "";
  const where = Math.max(...all.map((r) => r.where.length));
  const work = width < NARROW ? 0 : Math.max(...all.map((r) => r.work.length));
  const hasRound = all.some((r) => r.round.length > 0);
  // the rest is shared by what is computed and what goes round
  const left = Math.max(8, width - where - work - (work ? 5 : 4) - (hasRound ? 1 : 0));
  const [what, round] = hasRound ? [Math.floor(left * 0.55), Math.floor(left * 0.45)] : [left, 0];
  const text = all.map((r) => {
    const turn = r.round.length ? `↺ ${some(r.round, round - 2)}` : "";
    const cells = [r.where.padEnd(where), "│", some(r.what, what).padEnd(what), turn.padEnd(round), work ? r.work : ""];
    return cells
      .filter((_, i) => i !== 3 || hasRound)
      .join(" ")
      .trimEnd();
  });
  return `${text.join("\n")}\n`;
}

/** As many of a list as there is room for. */
function some(list: readonly string[], room: number): string {
  const whole = list.join(", ");
  if (whole.length <= room) return whole;
  let out = "";
  for (const item of list) {
    if (`${out}${item}, …`.length > room) break;
    out += `${item}, `;
  }
  return out ? `${out}…` : `${(list[0] as string).slice(0, Math.max(0, room - 1))}…`;
}

function rows(items: readonly Item[], system: System, lines: Lines, depth: number, isTop: boolean): Row[] {
  const out: Row[] = [];
  const loops = items.filter((item) => item.kind === "loop").length;
  let seen = 0;
  let run: string[] = [];
  const flush = (): void => {
    const ids = run;
    run = [];
    const what = namesOf(ids, system, lines);
    if (!what.length) return;
    const place = !loops ? "at once" : seen === 0 ? "before" : seen === loops ? "after" : "between";
    out.push({ where: `${"  ".repeat(depth)}${isTop ? place : ""}`, what, round: [], work: products(ids, system) });
  };
  for (const item of items) {
    if (item.kind === "eq") {
      run.push(item.v);
      continue;
    }
    flush();
    seen++;
    out.push(...loopRows(item, system, lines, depth));
  }
  flush();
  return out;
}

function loopRows(loop: Loop, system: System, lines: Lines, depth: number): Row[] {
  const name = loopVariable(system, loop);
  const structure = structureOf(system, loop.axis);
  const { diagonal } = axisOf(system, loop.axis);
  const arrow = structure ? orderOf(structure, loop.direction) : loop.direction === 1 ? "────▶" : "◀────";
  const own = loop.body.flatMap((item) => (item.kind === "eq" ? [item.v] : []));
  const what = namesOf(own, system, lines);
  const work = products(own, system);
  const row: Row = {
    where: `${"  ".repeat(depth)}${name}${diagonal ? ` of ${diagonal.i}×${diagonal.j}` : ""} ${arrow}`,
    what,
    round: carries(loop, system, lines),
    work: work ? `${work} a step` : "",
  };
  const inner = loop.body.filter((item) => item.kind === "loop");
  return [row, ...inner.flatMap((l) => loopRows(l as Loop, system, lines, depth + 1))];
}

/** What the user named first, then what cells are made of, then what only the compiler has a name for. */
function namesOf(ids: readonly string[], system: System, lines: Lines): string[] {
  const rank = (id: string): number => (!getValue(system, id).named ? 2 : id.includes(".") ? 1 : 0);
  const shown = ids.filter((id) => lines.has(id));
  return [0, 1, 2].flatMap((r) => shown.filter((id) => rank(id) === r).map((id) => called(id, lines)));
}

/** What is laid out by diagonals is called what it is. */
const called = (id: string, lines: Lines): string => lines.nameOf(id).replace(/\.diagonal(?=$|_)/, "");

/** What a step reads of the steps before it. */
function carries(loop: Loop, system: System, lines: Lines): string[] {
  const members = new Set(loop.members);
  const out = new Set<string>();
  for (const id of loop.members)
    for (const arg of getValue(system, id).eq?.args ?? [])
      for (const r of touches(system, arg)) {
        const v = getValue(system, r.v);
        if (!members.has(r.v)) continue;
        const p = r.idx[v.slots.indexOf(slotIn(loop.slots, v))];
        if (p?.k !== "var" || p.shift === 0) continue;
        const shift = p.shift < 0 ? p.shift : `+${p.shift}`;
        out.add(`${called(r.v, lines)}[${loopVariable(system, loop)}${shift}]`);
      }
  return [...out];
}

function products(ids: readonly string[], system: System): string {
  const n = ids.filter((id) => isProduct(system, id)).length;
  return n === 0 ? "" : `${n} product${n === 1 ? "" : "s"}`;
}
