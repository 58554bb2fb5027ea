import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bestLevels, bucketsOf, epochGroups, fixedGroups } from "../../src/runtime/data/buckets.js";
import { scoringWindows, trainingWindows } from "../../src/runtime/data/streams.js";

const samplesOf = (lengths: readonly (readonly number[])[]) =>
  lengths.map((row) => ({ lengths: Object.fromEntries(row.map((n, i) => [`A${i}`, n])), fields: {} }));

describe("levels", () => {
  const padding = (lengths: readonly number[], levels: readonly number[]) =>
    lengths.reduce((sum, n) => sum + levels.find((l) => l >= n)! - n, 0);
  /** All ascending choices of at most `count` of the distinct lengths that hold the largest. */
  function choices(distinct: readonly number[], count: number): number[][] {
    const rest = distinct.slice(0, -1);
    return Array.from({ length: 2 ** rest.length }, (_, bits) => rest.filter((_, i) => (bits >> i) & 1))
      .filter((chosen) => chosen.length < count)
      .map((chosen) => [...chosen, distinct.at(-1)!]);
  }

  test("property: no other choice of as many levels pads less", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 5 }),
        (lengths, count) => {
          const distinct = [...new Set(lengths)].sort((a, b) => a - b);
          const levels = bestLevels(lengths, count);
          expect(levels.length).toBeLessThanOrEqual(count);
          const least = Math.min(...choices(distinct, count).map((c) => padding(lengths, c)));
          expect(padding(lengths, levels)).toBe(least);
        },
      ),
    );
  });

  test("very many distinct lengths", () => {
    const lengths = Array.from({ length: 5000 }, (_, i) => i + 1);
    const levels = bestLevels(lengths, 8);
    expect(levels).toHaveLength(8);
    expect(levels.at(-1)).toBe(5000);
    // Even levels pad by 312 on average.
    expect(padding(lengths, levels) / lengths.length).toBeLessThan(320);
  });
});

describe("buckets", () => {
  const lengths = fc.integer({ min: 1, max: 3 }).chain((axes) =>
    fc.array(fc.array(fc.integer({ min: 0, max: 40 }), { minLength: axes, maxLength: axes }), {
      minLength: 1,
      maxLength: 120,
    }),
  );

  test("property: every record once per epoch, in batches that are full but for one, padded to enough", () => {
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 9 }), (rows, batch, epoch) => {
        const samples = samplesOf(rows);
        const buckets = bucketsOf(samples);
        for (const groups of [
          epochGroups(samples, buckets, { batch, seed: 1, epoch }),
          fixedGroups(samples, buckets, batch),
        ]) {
          expect(groups.flatMap((g) => g.members).sort((a, b) => a - b)).toEqual([...rows.keys()]);
          expect(groups).toHaveLength(Math.ceil(rows.length / batch));
          expect(groups.filter((g) => g.members.length !== batch).length).toBeLessThanOrEqual(1);
          for (const { members, extents } of groups) {
            for (const i of members) {
              for (const [axis, length] of Object.entries(samples[i]!.lengths)) {
                expect(extents[axis]).toBeGreaterThanOrEqual(length);
              }
            }
          }
          const shapes = new Set(
            groups.filter((g) => g.members.length === batch).map((g) => JSON.stringify(g.extents)),
          );
          expect(shapes.size).toBeLessThanOrEqual(9);
        }
      }),
    );
  });

  test("an epoch has the same batches each time, another epoch others, and padding is small", () => {
    const samples = samplesOf(Array.from({ length: 1000 }, (_, i) => [2 + ((i * 7919) % 29)]));
    const buckets = bucketsOf(samples);
    const groups = (epoch: number) => epochGroups(samples, buckets, { batch: 32, seed: 3, epoch });
    expect(groups(0)).toEqual(groups(0));
    expect(groups(0)).not.toEqual(groups(1));
    const cells = groups(0).reduce((sum, g) => sum + g.members.length * g.extents["A0"]!, 0);
    const used = samples.reduce((sum, s) => sum + s.lengths["A0"]!, 0);
    expect(cells / used).toBeLessThan(1.15);
    const order = groups(0).map((g) => g.extents["A0"]!);
    expect(order).not.toEqual([...order].sort((a, b) => a - b));
  });
});

describe("streams", () => {
  const sizes = [
    fc.integer({ min: 1, max: 400 }),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 20 }),
  ] as const;

  test("property: a training window goes on where the one before ended, in streams that do not meet", () => {
    fc.assert(
      fc.property(...sizes, (count, streams, length) => {
        const windows = trainingWindows(count, streams, length);
        const read = new Set<number>();
        for (const [k, window] of windows.entries()) {
          expect(window).toHaveLength(streams);
          for (const [b, [start, end]] of window.entries()) {
            expect(end - start).toBe(length);
            if (k > 0) expect(start).toBe(windows[k - 1]![b]![1]);
            for (let i = start; i < end; i++) {
              expect(read.has(i)).toBe(false);
              read.add(i);
            }
          }
        }
        expect(Math.max(-1, ...read)).toBeLessThan(count);
        // What is dropped is less than a window and a step of each stream.
        expect(count - read.size).toBeLessThan(streams * (length + 1));
      }),
    );
  });

  test("property: scoring windows cover everything once, contiguously, and none is empty", () => {
    fc.assert(
      fc.property(...sizes, (count, streams, length) => {
        const windows = scoringWindows(count, streams, length);
        const used = windows[0]!.length;
        expect(used).toBe(Math.min(streams, count));
        const order = Array.from({ length: used }, (_, b) => windows.map((window) => window[b]!)).flat();
        expect(order[0]![0]).toBe(0);
        expect(order.at(-1)![1]).toBe(count);
        for (const [i, [start, end]] of order.entries()) {
          if (i > 0) expect(start).toBe(order[i - 1]![1]);
          expect(end - start).toBeLessThanOrEqual(length);
          if (length > 1) expect(end).toBeGreaterThan(start);
        }
      }),
    );
  });
});
