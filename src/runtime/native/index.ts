export { type Built, buildNative } from "./build.js";
export { cacheFolder, engineFolder } from "./folders.js";
export { loadNative, type Native } from "./load.js";
export { supported } from "./platform.js";
