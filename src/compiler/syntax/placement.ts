import * as syntax from "../diagnostics/syntax.js";
import type { Diagnostic } from "../diagnostics/types.js";
import type { CellDef, ModelDef, SpecFile, Statement } from "./ast.js";
import type { Item } from "./tree.js";

type Report = (diagnostic: Diagnostic) => void;
type TopLevel = SpecFile["items"][number];

/**
 * Where statements may stand. The grammar reads every statement everywhere, so that a misplaced one is told what is
 * wrong with its place; what is misplaced is then left out of the tree.
 */
export function placeFile(items: readonly Item[], report: Report): SpecFile {
  const placed: TopLevel[] = [];
  let outside = false;
  for (const item of items) {
    switch (item.kind) {
      case "model":
        placed.push({ ...item, body: placeBody(item.body, modelRules, report) });
        break;
      case "cell":
        placed.push({ ...item, body: placeBody(item.body, cellRules, report) });
        break;
      case "use":
        placed.push(item);
        break;
      default:
        // A row of them is one mistake: a forgotten `model … {`.
        if (!outside) {
          const what = `${describe(item)} cannot stand outside a model`;
          const help = "put it, and what belongs to it, inside `model name { … }`";
          report(syntax.misplacedStatement({ span: item.span, what, help }));
        }
        outside = true;
        continue;
    }
    outside = false;
  }
  return { items: placed };
}

interface Rule {
  readonly what: string;
  readonly help: string;
}
/** Why an item may not stand here; undefined if it may. */
type Rules = (item: Item) => Rule | undefined;

const modelRules: Rules = (item) =>
  item.kind === "model"
    ? { what: "a model cannot stand inside another", help: "close the model before with `}` first" }
    : undefined;

const cellRules: Rules = (item) => {
  switch (item.kind) {
    case "model":
      return { what: "a model cannot stand inside a cell", help: "close the cell before with `}` first" };
    case "cell":
      return {
        what: "a cell cannot be defined inside a cell",
        help: "define it beside this one; `cell name = Other(…)` uses it here",
      };
    case "block":
      return {
        what: `a cell has no \`${item.name}\` block`,
        help: "data, training and decoding are said once, in the model",
      };
    case "input":
    case "random":
      return {
        what: `a cell cannot declare ${item.kind === "input" ? "an input" : "a random"}`,
        help: "what a cell works on are its formals: `cell Name(x : [X]) -> h : [H] { … }`",
      };
    case "sample":
      return { what: "a cell cannot say how a random is distributed", help: "write the `~` in the model" };
    case "vocab":
    case "metric":
      return { what: `a cell cannot have ${describe(item)}`, help: "declare it in the model" };
    default:
      return undefined;
  }
};

function placeBody(items: readonly Item[], rules: Rules, report: Report): Statement[] {
  return items.flatMap((item): Statement[] => {
    const broken = rules(item);
    if (broken !== undefined || item.kind === "model") {
      if (broken !== undefined) report(syntax.misplacedStatement({ span: headOf(item), ...broken }));
      return [];
    }
    return [item.kind === "cell" ? { ...item, body: placeBody(item.body, cellRules, report) } : item];
  });
}

/** Of what has a body only the name is marked. */
function headOf(item: Item) {
  return item.kind === "model" || item.kind === "cell" || item.kind === "block" ? item.nameSpan : item.span;
}

function describe(item: Exclude<Item, ModelDef | CellDef>): string {
  switch (item.kind) {
    case "dim":
    case "vocab":
    case "param":
    case "noise":
    case "random":
    case "metric":
      return `a \`${item.kind}\``;
    case "axis":
    case "input":
      return `an \`${item.kind}\``;
    case "nodes":
      return `a \`${item.structure}\``;
    case "instance":
      return "an instance of a cell";
    case "use":
      return "a `use`";
    case "equation":
      return "an equation";
    case "sample":
      return "a `~`";
    case "loss":
      return "a `loss` term";
    case "require":
      return "a `require`";
    case "block":
      return `a \`${item.name}\` block`;
  }
}
