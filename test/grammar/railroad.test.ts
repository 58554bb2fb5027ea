/** The page of diagrams: whole, by itself, and drawn so that one can read it. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { grammarProductions } from "../../grammar/parser.js";

const page = readFileSync(new URL("../../grammar/railroad.html", import.meta.url), "utf8");
const diagrams = [...page.matchAll(/<section id="(\w+)">\s*<h2>\1<\/h2>\s*(<svg.*?<\/svg>)/gs)].map((m) => ({
  name: m[1] as string,
  svg: m[2] as string,
}));

const attribute = (element: string, name: string): number =>
  Number(new RegExp(` ${name}="(-?[\\d.]+)"`).exec(element)?.[1]);
const boxes = (svg: string) =>
  [...svg.matchAll(/<rect[^>]*>/g)].map(([e]) => {
    const [x, y] = [attribute(e, "x"), attribute(e, "y")];
    return { x, y, right: x + attribute(e, "width"), bottom: y + attribute(e, "height") };
  });

test("a diagram for every rule, each link leads to one", () => {
  expect(diagrams.map((d) => d.name)).toEqual(Object.keys(grammarProductions()));
  const names = new Set(diagrams.map((d) => d.name));
  expect([...page.matchAll(/href="#(\w+)"/g)].filter((m) => !names.has(m[1] as string))).toEqual([]);
});

test("no host is asked for anything, nothing runs", () => {
  expect(page).not.toMatch(/https?:|<script|<link|<img|<iframe|src=|@import|url\(|\son\w+=/);
});

test.each(diagrams)("$name: elements are closed, boxes lie inside and apart, each with its text", ({ svg }) => {
  const open: string[] = [];
  for (const [, end, tag, empty] of svg.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)) {
    if (end) expect(open.pop()).toBe(tag);
    else if (!empty) open.push(tag as string);
  }
  expect(open).toEqual([]);
  const [width, height] = [attribute(svg, "width"), attribute(svg, "height")];
  const all = boxes(svg);
  for (const b of all)
    expect([b.x >= 0, b.y >= 0, b.right <= width, b.bottom <= height]).toEqual([true, true, true, true]);
  all.forEach((a, i) => {
    for (const b of all.slice(i + 1))
      expect(a.right <= b.x || b.right <= a.x || a.bottom <= b.y || b.bottom <= a.y).toBe(true);
  });
  const texts = [...svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)">([^<]+)<\/text>/g)];
  expect(texts.length).toBe(all.length);
  texts.forEach(([, x, y, text], i) => {
    const b = all[i];
    if (!b) throw new Error("a text without a box");
    expect(Number(x)).toBeCloseTo((b.x + b.right) / 2, 6);
    expect(Number(y)).toBeGreaterThan(b.y);
    expect(b.right - b.x).toBeGreaterThan(7 * (text as string).replace(/&\w+;/g, "x").length);
  });
});

test("each line goes on where another ends", () => {
  for (const { svg } of diagrams) {
    const ends = new Map<string, number>();
    const meet = (x: number, y: number) => {
      const key = `${x.toFixed(2)},${y.toFixed(2)}`;
      ends.set(key, (ends.get(key) ?? 0) + 1);
    };
    for (const [, x1, y1, x2, y2] of svg.matchAll(/<path d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"\/>/g)) {
      if (x1 === x2 && y1 === y2) continue;
      meet(Number(x1), Number(y1));
      meet(Number(x2), Number(y2));
    }
    const touches = (x: number, y: number): boolean =>
      boxes(svg).some((b) => (x === b.x || x === b.right) && y > b.y && y < b.bottom);
    // the way in and the way out are the two circles
    const [start, end] = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map((m) => [
      Number(m[1]),
      Number(m[2]),
    ]);
    const circles = [
      [(start?.[0] ?? 0) + 4, start?.[1]],
      [(end?.[0] ?? 0) - 4, end?.[1]],
    ].map(([x, y]) => `${x?.toFixed(2)},${y?.toFixed(2)}`);
    const arcs = [...svg.matchAll(/<path d="M([\d.]+) ([\d.]+)q(-?\d+) 0 .*?V([\d.]+)q0 (-?\d+) (-?\d+) (-?\d+)"\/>/g)];
    for (const [, x, y, dx, v, , ex, ey] of arcs) {
      meet(Number(x), Number(y));
      meet(Number(x) + Number(dx) + Number(ex), Number(v) + Number(ey));
    }
    const loose = [...ends].filter(([at, n]) => {
      const [x, y] = at.split(",").map(Number) as [number, number];
      return n < 2 && !touches(x, y) && !circles.includes(at);
    });
    expect(loose).toEqual([]);
  }
});
