#!/usr/bin/env node
import { existsSync } from "node:fs";

const [major, minor] = process.versions.node.split(".").map(Number);
const main = new URL("../dist/src/cli/main.js", import.meta.url);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`recurve needs Node 20.19 or newer, this is ${process.version}\n`);
  process.exitCode = 1;
} else if (!existsSync(main)) {
  process.stderr.write("recurve is not built here: run `node scripts/setup.mjs`\n");
  process.exitCode = 1;
} else {
  await import(main.href);
}
