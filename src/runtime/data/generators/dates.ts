import type { GeneratorOptions } from "../../../compiler/blocks/generators.js";
import { type Draws, draws } from "../../../compiler/random.js";

interface Day {
  readonly year: number;
  /** 1 … 12 and 1 … 31. */
  readonly month: number;
  readonly day: number;
  /** 0: Sunday. */
  readonly weekday: number;
}

const months = "January February March April May June July August September October November December".split(" ");
const weekdays = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const two = (n: number) => String(n).padStart(2, "0");
const month = ({ month }: Day) => months[month - 1]!;
const weekday = ({ weekday }: Day) => weekdays[weekday]!;
const short = (name: string) => name.slice(0, 3);

function ordinal({ day }: Day): string {
  const suffix = day >= 11 && day <= 13 ? "th" : (["th", "st", "nd", "rd"][day % 10] ?? "th");
  return `${day}${suffix}`;
}

/** Every format says which number is the month: by its name, by dots (day first, as in German) or by the order of ISO. */
const formats: readonly ((d: Day) => string)[] = [
  (d) => `${d.day} ${month(d)} ${d.year}`,
  (d) => `${d.day} ${short(month(d))} ${d.year}`,
  (d) => `${two(d.day)} ${short(month(d))} ${d.year}`,
  (d) => `${month(d)} ${d.day}, ${d.year}`,
  (d) => `${short(month(d))} ${d.day}, ${d.year}`,
  (d) => `${short(month(d))}. ${d.day}, ${d.year}`,
  (d) => `${month(d)} ${ordinal(d)}, ${d.year}`,
  (d) => `${ordinal(d)} ${month(d)} ${d.year}`,
  (d) => `the ${ordinal(d)} of ${month(d)} ${d.year}`,
  (d) => `${short(weekday(d))} ${d.day} ${short(month(d))} ${d.year}`,
  (d) => `${weekday(d)} ${d.day} ${month(d)} ${d.year}`,
  (d) => `${weekday(d)}, ${month(d)} ${d.day}, ${d.year}`,
  (d) => `${short(weekday(d))}, ${two(d.day)} ${short(month(d))} ${d.year}`,
  (d) => `${d.day}-${short(month(d))}-${d.year}`,
  (d) => `${d.year} ${month(d)} ${d.day}`,
  (d) => `${d.day}.${d.month}.${d.year}`,
  (d) => `${two(d.day)}.${two(d.month)}.${d.year}`,
  (d) => `${d.year}-${two(d.month)}-${two(d.day)} (${weekday(d)})`,
  (d) => `${d.year}/${two(d.month)}/${two(d.day)}`,
  (d) => `${d.day} ${short(month(d))} '${two(d.year % 100)}`,
];

const cases: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => text.toLowerCase(),
  (text) => text.toLowerCase(),
  (text) => text.toUpperCase(),
];

/** 1 January 1950 and the day after 31 December 2049, in days since 1970: a year of two digits is of this century alone. */
const first = Date.UTC(1950, 0, 1) / 86_400_000;
const end = Date.UTC(2050, 0, 1) / 86_400_000;

function drawDay(stream: Draws): Day {
  const date = new Date((first + stream.below(end - first)) * 86_400_000);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
  };
}

/** Distinct texts; a day may come in several formats. */
export function dates({ count, seed }: GeneratorOptions<"dates">): { human: string; iso: string }[] {
  const stream = draws(seed, "dates");
  const found = new Map<string, string>();
  while (found.size < count) {
    const day = drawDay(stream);
    const human = stream.pick(cases)(stream.pick(formats)(day));
    found.set(human, `${day.year}-${two(day.month)}-${two(day.day)}`);
  }
  return Array.from(found, ([human, iso]) => ({ human, iso }));
}
