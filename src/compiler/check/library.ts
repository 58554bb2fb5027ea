/** What the standard library has, for those who did not import it. */
import { std } from "../std.js";

/** By the name of a cell with a state or an attention, `LSTM`, its library, `std.cells`. */
const owners = new Map(
  Object.entries(std).flatMap(([library, text]) =>
    [...text.matchAll(/^cell ([A-Z]\w*)/gm)].map((m) => [m[1] as string, `std.${library}`] as const),
  ),
);

/** How a cell of the library is imported; undefined where there is none of the name. */
export function importOf(cell: string): string | undefined {
  const library = owners.get(cell);
  return library && `use ${library} (${cell})`;
}

export const libraryCells = (): readonly string[] => [...owners.keys()];
