/** Compiles the sources to `dist`, unless they are what `dist` was compiled from (`--force`: anyway). */
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { at, digest, isMain, isStamped, runBin } from "./steps.mjs";

const stampName = ".sources";

/** True on success. `dist` is replaced whole, so that what runs from it meanwhile never sees half of it. */
export function build({ force = false } = {}) {
  const sources = digest(["grammar", "src", "package.json", "tsconfig.json", "tsconfig.build.json"]);
  if (!force && isStamped(at("dist", stampName), sources)) return true;
  const fresh = mkdtempSync(at(".dist-"));
  try {
    if (runBin("typescript", "bin/tsc", ["-p", "tsconfig.build.json", "--outDir", fresh]) !== 0) return false;
    writeFileSync(join(fresh, stampName), sources);
    const old = `${fresh}-old`;
    if (existsSync(at("dist"))) renameSync(at("dist"), old);
    renameSync(fresh, at("dist"));
    rmSync(old, { recursive: true, force: true });
    return true;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

if (isMain(import.meta.url)) {
  process.exitCode = build({ force: process.argv.includes("--force") }) ? 0 : 1;
}
