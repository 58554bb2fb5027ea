/**
 * Brings a fresh clone to where everything runs: installs packages if they are missing or the lockfile has changed,
 * compiles if sources have changed, builds the native engine if it is not there. Each step that has nothing to do takes
 * no time. Without the native engine all works on wasm, so that step cannot fail.
 */
import { existsSync, writeFileSync } from "node:fs";
import { build } from "./build.mjs";
import { at, digest, isMain, isStamped, npm, say } from "./steps.mjs";

/** True if packages and `dist` are there. */
export async function setup() {
  if (!install()) {
    say("setup: npm cannot install the packages. Is its registry reachable?");
    return false;
  }
  if (!build()) {
    say("setup: the sources do not compile");
    return false;
  }
  await native();
  return true;
}

function install() {
  const stamp = at("node_modules", ".installed");
  const wanted = digest(["package-lock.json"]);
  if (isStamped(stamp, wanted)) return true;
  say(`setup: ${existsSync(at("node_modules")) ? "the lockfile has changed: " : ""}installing packages`);
  if (npm(["ci", "--no-audit", "--no-fund", "--loglevel=error"]) !== 0) return false;
  writeFileSync(stamp, wanted);
  return true;
}

async function native() {
  const { buildNative, loadNative } = await import(new URL("../dist/src/runtime/native/index.js", import.meta.url));
  const present = await loadNative();
  if (present.ok) return;
  say(`setup: no native engine (${present.reason}): building it once, about half a minute`);
  const built = await buildNative({ log: (line) => say(`setup:   ${line}`) });
  if (built.ok) return;
  say(
    `setup: the native engine cannot be built: ${built.reason}. ${built.remedy} Going on with wasm, which is slower.`,
  );
}

if (isMain(import.meta.url)) process.exitCode = (await setup()) ? 0 : 1;
