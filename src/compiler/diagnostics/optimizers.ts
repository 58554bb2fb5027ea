import type { Span } from "../syntax/ast.js";
import { defineDiagnostic, type Label } from "./types.js";
import { quote } from "./words.js";

interface Located extends Span {
  readonly file?: string;
}

/** `at`: where the optimiser is named; missing where that came from outside the spec. */
export const notAnOptimizer = defineDiagnostic<{
  at: Span | undefined;
  name: string;
  reason: string;
  place: Located;
}>({
  code: "not-an-optimizer",
  severity: "error",
  message: ({ name, reason }) => `the cell ${quote(name)} is no optimiser: ${reason}`,
  labels: ({ at, place }): readonly Label[] => [
    ...(at ? [{ span: at, text: "wanted as an optimiser here" }] : []),
    { span: place, text: "this does not fit", ...(place.file === undefined ? {} : { file: place.file }) },
  ],
  help: () =>
    "an optimiser maps a parameter, its gradient and its states to their new values: " +
    "`cell momentum(w : [..], g : [..], v : [..]) -> (w1 : [..], v1 : [..]) { lr = 0.1; v1 = 0.9 * v + g; w1 = w - lr * v1 }`",
});
