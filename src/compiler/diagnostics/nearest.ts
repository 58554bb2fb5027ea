/**
 * The candidate that was probably meant: at the smallest edit distance (insertions, deletions, substitutions and swaps
 * of neighbours, each 1), which may be at most a third of the longer word, and at least 1 is always allowed
 * for words of three letters and more. Ties go to the earlier candidate.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const longer = Math.max(word.length, candidate.length);
    const allowed = longer < 3 ? 0 : Math.max(1, Math.floor(longer / 3));
    if (Math.abs(word.length - candidate.length) > allowed) continue;
    const distance = editDistance(word, candidate);
    if (distance <= allowed && distance < bestDistance && distance > 0) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Damerau's distance with swaps of neighbours only (optimal string alignment); upper and lower case differ by ½. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const [x, y] = [a[i - 1] ?? "", b[j - 1] ?? ""];
      const change = x === y ? 0 : x.toLowerCase() === y.toLowerCase() ? 0.5 : 1;
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + change);
      if (i > 1 && j > 1 && x === b[j - 2] && a[i - 2] === y) best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
