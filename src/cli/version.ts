import { existsSync, readFileSync } from "node:fs";

/** The package's manifest lies above `src/cli` and above `dist/src/cli`. */
const manifest = ["../../package.json", "../../../package.json"]
  .map((path) => new URL(path, import.meta.url))
  .find((url) => existsSync(url));

export const version: string = manifest
  ? (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version
  : "unknown";
