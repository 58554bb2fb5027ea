/** What a node of a plan asks of the code: a function by its key, made once. */

import { Body, I32 } from "./body.js";
import type { Gemm } from "./gemm.js";
import { addGemm } from "./gemm.js";
import { type Import, ModuleWriter } from "./module.js";

const args = (n: number): Import["params"] => new Array(n).fill(I32);

/** The functions that all plans share. */
export const sharedImports: readonly (Import & { readonly name: keyof Gemm })[] = [
  { name: "multiply", params: args(10), results: [] },
  { name: "panels", params: args(5), results: [] },
  { name: "turnedPanels", params: args(5), results: [] },
  { name: "blocks", params: args(5), results: [] },
];

export function sharedModule(): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter([]);
  const gemm = addGemm(module);
  for (const { name, params } of sharedImports) {
    const f = new Body(params);
    for (let k = 0; k < params.length; k++) f.get(k);
    module.add(f.call(gemm[name]).func(), name);
  }
  return module.bytes();
}
