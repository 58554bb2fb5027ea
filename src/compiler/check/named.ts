/** Cells that are named where no instance is made: optimisers, initialisers. Those in scope come before the library's. */
import type { Numbers } from "../optimizer/types.js";
import type { CellDef } from "../syntax/ast.js";
import { Context } from "./context.js";
import { type Cell, Names } from "./entities.js";
import { standardLibrary } from "./imports.js";
import { constantEquation } from "./instances.js";
import { Reporter } from "./report.js";

export interface NamedCells {
  readonly names: readonly string[];
  find(name: string): Cell | null;
  isStandard(cell: Cell): boolean;
}

/** What can be named where `scope` holds; `library`: of `std`, known without an import. */
export function namedCells(scope: Names, library: string): NamedCells {
  const standard = standardLibrary(library);
  const find = (name: string): Cell | null => {
    // looking is no use of a name, so this is not `Names.find`
    for (let names: Names | null = scope; names; names = names.outer) {
      const entity = names.own(name);
      if (entity?.kind === "cell") return entity.cell;
      if (entity) break;
    }
    const entity = standard.own(name);
    return entity?.kind === "cell" ? entity.cell : null;
  };
  return {
    get names() {
      return [...new Set([...scope.all(), ...standard.all()])].filter((name) => find(name) !== null);
    },
    find,
    isStandard(cell) {
      const entity = standard.own(cell.def.name);
      return entity?.kind === "cell" && entity.cell === cell;
    },
  };
}

/** The constants of a cell with their values, in the order of the text. */
export function constantsOf(def: CellDef): Numbers {
  const cx = new Context(new Reporter());
  const none = new Names();
  const found = def.body.flatMap((item) => {
    const number = constantEquation(cx, item, none);
    return number ? [[number.name, number.value] as const] : [];
  });
  return Object.fromEntries(found);
}
