/** Numbers for people. */

/** `1,234,567` */
export const count = (n: number): string => Math.round(n).toLocaleString("en-US");

/** Four significant digits, without an exponent where a person would not write one: `1.872`, `0.0315`, `2.1e-7`. */
export function number(x: number): string {
  if (!Number.isFinite(x)) return String(x);
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return x.toExponential(2);
  return Number(x.toPrecision(4)).toString();
}

/** `2,100 MB` */
export const megabytes = (bytes: number): string => `${bytes < 1e7 ? number(bytes / 1e6) : count(bytes / 1e6)} MB`;

/** `43.1%` */
export const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

/** `0:07`, `12:30`, `1:02:03` */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** `[128, 64]`, with the user's names where they say more: `[H = 128, 64]`. A size that the data decide is a name only. */
export function shape(dims: readonly number[], labels: readonly string[]): string {
  const named = dims.map((n, i) => {
    const label = labels[i];
    if (!Number.isFinite(n)) return label ?? "?";
    return label === undefined || label === String(n) ? String(n) : `${label} = ${n}`;
  });
  return `[${named.join(", ")}]`;
}

/** Columns as wide as their widest cell, two spaces apart; the last is not padded. */
export function table(rows: readonly (readonly string[])[], indent = "  "): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  return rows
    .map((row) => indent + row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!))).join("  "))
    .join("\n");
}
