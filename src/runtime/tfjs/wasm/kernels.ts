/** The functions that the code of all plans shares, in a module of their own. */
import { Body } from "./body.js";
import { addMultiply } from "./gemm.js";
import { I32, type Import, ModuleWriter } from "./module.js";
import { addBlocks, addPanels, addTurnedPanels } from "./packing.js";

const SHARED = {
  multiply: [10, addMultiply],
  panels: [5, addPanels],
  turnedPanels: [5, addTurnedPanels],
  blocks: [5, addBlocks],
} as const;
export type Shared = keyof typeof SHARED;

export const sharedImports: readonly Import[] = Object.entries(SHARED).map(([name, [n]]) => ({
  name,
  params: new Array(n).fill(I32),
  results: [],
}));

export function sharedModule(): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter([]);
  for (const [name, [n, add]] of Object.entries(SHARED)) {
    const f = new Body(new Array(n).fill(I32));
    for (let k = 0; k < n; k++) f.get(k);
    module.add(f.call(add(module)).func(), name);
  }
  return module.bytes();
}
