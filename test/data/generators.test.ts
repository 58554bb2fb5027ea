import { describe, expect, test } from "vitest";
import { generate } from "../../src/runtime/data/generators/index.js";

const column = <T>(records: readonly Readonly<Record<string, unknown>>[], name: string) =>
  records.map((r) => r[name] as T);

test("the same options give the same records, another seed others", () => {
  for (const [task, options] of [
    ["addition", { digits: 2, count: 50 }],
    ["arithmetic", { depth: 3, modulus: 5, count: 50 }],
    ["dates", { count: 50 }],
    ["motion", { frames: 5, size: 8, count: 3, noise: 0.1 }],
    ["wave", { length: 50, count: 2, noise: 0.1 }],
  ] as const) {
    expect(generate(task, { ...options, seed: 1 })).toEqual(generate(task, { ...options, seed: 1 }));
    expect(generate(task, { ...options, seed: 1 })).not.toEqual(generate(task, { ...options, seed: 2 }));
  }
});

describe("addition", () => {
  test("right, distinct, of the right size", () => {
    for (const digits of [1, 2, 5]) {
      const count = digits === 1 ? 100 : 3000;
      const sums = generate("addition", { digits, count, seed: 4 });
      expect(new Set(column(sums, "question")).size).toBe(count);
      for (const { question, answer } of sums as { question: string; answer: string }[]) {
        const [, a, b] = /^(\d+)\+(\d+)$/.exec(question) ?? [];
        expect(a!.length).toBeLessThanOrEqual(digits);
        expect(b!.length).toBeLessThanOrEqual(digits);
        expect(question).toBe(`${Number(a)}+${Number(b)}`);
        expect(answer).toBe(String(Number(a) + Number(b)));
      }
    }
  });

  test("more questions than there are", () => {
    expect(() => generate("addition", { digits: 1, count: 101, seed: 1 })).toThrow(/only 100 sums/);
  });
});

describe("arithmetic", () => {
  test("distinct trees of digits and operators, each worth what its text is", () => {
    const records = generate("arithmetic", { depth: 3, modulus: 7, count: 400, seed: 2 });
    const texts = new Set<string>();
    for (const { parents, token, value } of records as { parents: number[]; token: string[]; value: string[] }[]) {
      const text = (n: number): string => {
        const kids = [...parents.keys()].filter((k) => parents[k] === n);
        expect(kids.length).toBe(/\d/.test(token[n]!) ? 0 : 2);
        return kids.length ? `(${text(kids[0]!)} ${token[n]} ${text(kids[1]!)})` : token[n]!;
      };
      expect(parents.indexOf(-1)).toBe(parents.length - 1);
      // the platform's own arithmetic, on text
      for (const n of parents.keys()) {
        const worth = Number(new Function(`return ${text(n)}`)());
        expect(value[n]).toBe(String(((worth % 7) + 7) % 7));
      }
      texts.add(text(parents.length - 1));
    }
    expect(texts.size).toBe(400);
  });

  test("more expressions than there are", () => {
    expect(() => generate("arithmetic", { depth: 1, modulus: 2, count: 13, seed: 1 })).toThrow(/only about 12 expr/);
  });
});

describe("dates", () => {
  const records = generate("dates", { count: 3000, seed: 1 }) as { human: string; iso: string }[];

  test("distinct texts, days of 1950 to 2049", () => {
    expect(new Set(column(records, "human")).size).toBe(3000);
    for (const { iso } of records) {
      expect(iso).toMatch(/^(19[5-9]\d|20[0-4]\d)-\d\d-\d\d$/);
      expect(new Date(`${iso}T00:00:00Z`).toISOString().slice(0, 10)).toBe(iso);
    }
  });

  // Another way of reading: find the numbers and names, and let the platform say which weekday it was.
  test("each text says the day that the answer says", () => {
    const names = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
    for (const { human, iso } of records) {
      const text = human.toLowerCase();
      const [year, month, day] = iso.split("-").map(Number) as [number, number, number];
      const numbers = (text.match(/\d+/g) ?? []).map(Number);
      const named = names.findIndex((name) =>
        new RegExp(`(^|[^a-z])${name}`).test(text.replace(/(mon|tues|wednes|thurs|satur|sun|fri)day/, "")),
      );
      if (named >= 0) {
        expect(named + 1).toBe(month);
        expect([...numbers].sort((a, b) => a - b)).toEqual(
          [day, text.includes("'") ? year % 100 : year].sort((a, b) => a - b),
        );
      } else if (text.includes(".")) expect(numbers).toEqual([day, month, year]);
      else expect(numbers).toEqual([year, month, day]);
      const weekday = /(sun|mon|tue|wed|thu|fri|sat)(?![a-z]*ust)/.exec(
        text.replace(/\b(mar|may|sept?)[a-z]*/g, ""),
      )?.[1];
      if (weekday !== undefined)
        expect("sun mon tue wed thu fri sat".split(" ")[new Date(iso).getUTCDay()]).toBe(weekday);
    }
  });

  test("many formats", () => {
    const forms = new Set(records.map((r) => r.human.replace(/[a-z]+/gi, "a").replace(/\d+/g, "0")));
    expect(forms.size).toBeGreaterThan(12);
  });
});

describe("motion", () => {
  const size = 10;
  const frames = 8;
  const records = generate("motion", { frames, size, count: 60, noise: 0, seed: 2 }) as {
    x: Float32Array;
    y: string[];
  }[];

  test("the centre of mass moves by one pixel in the direction of the frame, the first frame is still", () => {
    const shift: Record<string, [number, number]> = {
      still: [0, 0],
      up: [-1, 0],
      down: [1, 0],
      left: [0, -1],
      right: [0, 1],
    };
    for (const { x, y } of records) {
      expect(y).toHaveLength(frames);
      expect(y[0]).toBe("still");
      const centres = Array.from({ length: frames }, (_, t) => {
        const frame = x.subarray(t * size * size, (t + 1) * size * size);
        const mass = frame.reduce((a, b) => a + b, 0);
        const mean = (f: (i: number) => number) => frame.reduce((sum, v, i) => sum + v * f(i), 0) / mass;
        return [mean((i) => Math.floor(i / size)), mean((i) => i % size)] as const;
      });
      for (let t = 1; t < frames; t++) {
        const [row, col] = shift[y[t]!]!;
        expect(centres[t]![0] - centres[t - 1]![0]).toBeCloseTo(row, 6);
        expect(centres[t]![1] - centres[t - 1]![1]).toBeCloseTo(col, 6);
      }
    }
  });

  test("every direction occurs, directions change within a film, shapes differ", () => {
    expect(new Set(records.flatMap((r) => r.y)).size).toBe(5);
    expect(records.some((r) => new Set(r.y.slice(1)).size > 2)).toBe(true);
    const masses = records.map((r) => r.x.subarray(0, size * size).reduce((a, b) => a + b, 0));
    expect(new Set(masses).size).toBeGreaterThan(3);
  });

  test("noise is added to the same films, with the standard deviation asked for", () => {
    const noisy = generate("motion", { frames, size, count: 60, noise: 0.5, seed: 2 }) as typeof records;
    expect(noisy.map((r) => r.y)).toEqual(records.map((r) => r.y));
    const added = noisy.flatMap((r, i) => Array.from(r.x, (v, k) => v - records[i]!.x[k]!));
    const mean = added.reduce((a, b) => a + b, 0) / added.length;
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(Math.sqrt(added.reduce((a, b) => a + (b - mean) ** 2, 0) / added.length)).toBeCloseTo(0.5, 2);
  });
});

test("waves stay within -1 and 1 and are no constant; each record is another", () => {
  const [a, b] = generate("wave", { length: 300, count: 2, noise: 0, seed: 1 }) as { s: Float32Array }[];
  expect(a!.s).toHaveLength(300);
  expect(Math.max(...a!.s.map(Math.abs))).toBeLessThanOrEqual(1);
  const mean = a!.s.reduce((x, y) => x + y, 0) / 300;
  expect(a!.s.reduce((x, y) => x + (y - mean) ** 2, 0) / 300).toBeGreaterThan(0.05);
  expect(a!.s).not.toEqual(b!.s);
});
