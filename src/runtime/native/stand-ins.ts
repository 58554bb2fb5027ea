import { NODE_API_LEVEL, TFJS_NODE } from "./versions.js";

/**
 * tfjs-node depends on the package `@tensorflow/tfjs`, the union of core, layers, converter and more. Recurve needs
 * none of these, and a second core in one process registers every kernel twice, with a warning each. The copy in the
 * cache therefore gets these stand-ins: the tfjs-core of the process that loads it, and for the union this core plus
 * the two names of layers that tfjs-node mentions while it loads.
 */

/** tfjs-node calls predicates that Node 23 took out of `util`. */
export const REMOVED_FROM_UTIL: Readonly<Record<string, (value: unknown) => boolean>> = {
  isNullOrUndefined: (value) => value === null || value === undefined,
  isArray: (value) => Array.isArray(value),
};

/** The property of `globalThis` under which `loadNative` leaves its tfjs-core. */
export const CORE_KEY = Symbol.for("recurve.tfjs-core");

const manifest = (name: string) => `${JSON.stringify({ name, version: TFJS_NODE, main: "index.js" }, null, 2)}\n`;

/** Path in the folder of the engine → content. */
export const standIns: Readonly<Record<string, string>> = {
  "tfjs-core/package.json": manifest("@tensorflow/tfjs-core"),
  "tfjs-core/index.js": `"use strict";
require("@tensorflow/tfjs-node/lib/napi-v${NODE_API_LEVEL}/log_level.node");
module.exports = globalThis[Symbol.for(${JSON.stringify(CORE_KEY.description)})];
if (!module.exports) throw new Error("this copy of tfjs-node is loaded by Recurve only");
`,
  "tfjs/package.json": manifest("@tensorflow/tfjs"),
  "tfjs/index.js": `"use strict";
const core = require("@tensorflow/tfjs-core");
exports.version = { "tfjs-core": core.version_core };
exports.CustomCallback = class CustomCallback {};
exports.registerCallbackConstructor = () => {};
for (const name of Object.keys(core)) exports[name] ??= core[name];
`,
};

/** A script that fails unless the copy of tfjs-node in `folder` loads and computes; `core` is the path of tfjs-core. */
export function trial(core: string, folder: string): string {
  const restored = Object.entries(REMOVED_FROM_UTIL).map(([name, is]) => `util.${name} ??= ${is};`);
  return `
const util = require("node:util");
${restored.join("\n")}
const core = (globalThis[Symbol.for(${JSON.stringify(CORE_KEY.description)})] = require(${JSON.stringify(core)}));
require(${JSON.stringify(folder)});
const [product] = core.matMul([[3]], [[7]]).dataSync();
if (product !== 21) throw new Error("3 times 7 is " + product);
`;
}
