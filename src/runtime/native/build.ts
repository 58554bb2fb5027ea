import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { command, type Outcome, tail } from "./command.js";
import { addonFolder, engineFolder, inspect, tfjsNodeIn } from "./folders.js";
import { withLock } from "./lock.js";
import { supported } from "./platform.js";
import { standIns, trial } from "./stand-ins.js";
import { NODE_API_HEADERS, NODE_API_LEVEL, TFJS_NODE, WHEEL } from "./versions.js";

export type Built =
  | { readonly ok: true; readonly folder: string; readonly built: boolean }
  | { readonly ok: false; readonly reason: string; readonly remedy: string };

/** The wheel and what is taken out of it lie side by side for a while. */
const GIGABYTES_NEEDED = 1.3;

/** A step that failed: what happened, what to do. */
class Failure extends Error {
  constructor(
    readonly reason: string,
    readonly remedy: string,
  ) {
    super(reason);
  }
}

/**
 * Builds tfjs-node in the cache against the libtensorflow inside PyPI's wheel of TensorFlow, unless it is there. Needs
 * Linux x64, python3 with pip, a C++ compiler, npm, and both registries. About half a minute, 0.9 GB when done. The
 * folder appears whole or not at all; of two builds at once the second waits for the first.
 */
export async function buildNative(options: { log?: (line: string) => void } = {}): Promise<Built> {
  const log = options.log ?? (() => {});
  const target = engineFolder();
  try {
    if (present(target)) return { ok: true, folder: target, built: false };
    const problem = supported();
    if (problem) throw new Failure(problem, "Use --backend wasm here.");
    return await withLock(
      `${target}.lock`,
      async () => {
        if (present(target)) return { ok: true, folder: target, built: false };
        await build(target, log);
        return { ok: true, folder: target, built: true };
      },
      () => log("another process is building the native engine: waiting for it"),
    );
  } catch (error) {
    if (error instanceof Failure) return { ok: false, reason: error.reason, remedy: error.remedy };
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    const reason = `${dirname(target)} cannot be written (${code})`;
    return { ok: false, reason, remedy: "Set RECURVE_CACHE to a folder that can be written and has 1.3 GB free." };
  }
}

function present(target: string): boolean {
  return "version" in inspect(tfjsNodeIn(target));
}

async function build(target: string, log: (line: string) => void): Promise<void> {
  const parent = dirname(target);
  const prefix = `${basename(target)}.tmp-`;
  // We hold the lock: whatever lies here was left by a build that was killed.
  for (const name of readdirSync(parent)) {
    if (name.startsWith(prefix)) rmSync(join(parent, name), { recursive: true, force: true });
  }
  const { bavail, bsize } = statfsSync(parent);
  if (bavail * bsize < GIGABYTES_NEEDED * 1e9) {
    throw new Failure(
      `${parent} has less than ${GIGABYTES_NEEDED} GB free`,
      "Make room, or set RECURVE_CACHE elsewhere.",
    );
  }
  const folder = mkdtempSync(join(parent, prefix));
  try {
    const compiler = await findCompiler(folder);
    await checkPip(folder);
    log(`installing tfjs-node ${TFJS_NODE}`);
    await installPackages(folder);
    log(`downloading libtensorflow ${WHEEL.version} (the wheel of ${WHEEL.name}, 270 MB)`);
    await downloadLibrary(folder);
    log("compiling the addon");
    await compileAddons(folder, compiler);
    rmSync(join(folder, "libtensorflow"), { recursive: true });
    await tryOut(folder);
    rmSync(target, { recursive: true, force: true });
    renameSync(folder, target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function findCompiler(cwd: string): Promise<string> {
  const candidates = [process.env["CXX"], "c++", "g++", "clang++"].filter((name) => name !== undefined);
  for (const name of candidates) {
    if ((await command(name, ["--version"], { cwd })).code === 0) return name;
  }
  throw new Failure("there is no C++ compiler", "Install one (Debian, Ubuntu: `apt-get install g++`), or set CXX.");
}

async function checkPip(cwd: string): Promise<void> {
  const found = await command("python3", ["-m", "pip", "--version"], { cwd });
  if (found.missing) throw new Failure("there is no python3", "Install Python 3 with pip.");
  if (found.code !== 0) {
    throw new Failure("python3 has no pip", "Install it (Debian, Ubuntu: `apt-get install python3-pip`).");
  }
}

/** tfjs-node without its install step, over stand-ins for tfjs (see stand-ins.ts). */
async function installPackages(folder: string): Promise<void> {
  for (const [path, content] of Object.entries(standIns)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const manifest = {
    private: true,
    dependencies: {
      "@tensorflow/tfjs-node": TFJS_NODE,
      "node-api-headers": NODE_API_HEADERS,
      "@tensorflow/tfjs-core": "file:./tfjs-core",
    },
    overrides: { "@tensorflow/tfjs": "file:./tfjs" },
  };
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--global=false"];
  // Started through an npm script, npm would otherwise take this folder for a part of that script's project.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm_(lifecycle|package)_|npm_config_(local_prefix|prefix)$|INIT_CWD$)/.test(name),
    ),
  );
  const npm = process.env["npm_execpath"];
  const installed = npm?.endsWith(".js")
    ? await command(process.execPath, [npm, ...args], { cwd: folder, env })
    : await command("npm", args, { cwd: folder, env });
  if (installed.missing) throw new Failure("npm is not on the PATH", "Put npm on the PATH.");
  demand(installed, "npm cannot install tfjs-node", "Is the npm registry reachable (`npm ping`)?");
}

/** Takes the two libraries and the headers of the C API out of the wheel, into `libtensorflow` and `deps/lib`. */
async function downloadLibrary(folder: string): Promise<void> {
  const requirements = join(folder, "requirements.txt");
  writeFileSync(requirements, `${WHEEL.name}==${WHEEL.version} --hash=sha256:${WHEEL.sha256}\n`);
  const wheels = join(folder, "wheel");
  const platform = ["--python-version", WHEEL.python, "--implementation", "cp", "--platform", WHEEL.platform];
  const pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes", ...platform];
  demand(
    await command("python3", [...pip, "--dest", wheels, "--requirement", requirements], { cwd: folder }),
    `pip cannot download ${WHEEL.name} ${WHEEL.version}`,
    "Is PyPI, or a mirror of it that pip is configured for, reachable?",
  );
  demand(
    await command("python3", ["-c", EXTRACT, wheels, "libtensorflow"], { cwd: folder }),
    "the wheel cannot be unpacked",
    "Is the disk full?",
  );
  rmSync(wheels, { recursive: true });
  const lib = join(tfjsNodeIn(folder), "deps", "lib");
  mkdirSync(lib, { recursive: true });
  for (const name of LIBRARIES) renameSync(join(folder, "libtensorflow", "tensorflow", name), join(lib, name));
}

const LIBRARIES = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"];

/** Python, since Node has no reader of zip files. Of 300 MB of headers, the C API needs these folders. */
const EXTRACT = `
import glob, sys, zipfile
wanted = tuple("tensorflow/" + name for name in (${LIBRARIES.map((name) => JSON.stringify(name)).join(", ")},
    "include/absl/", "include/tensorflow/c/", "include/tensorflow/core/platform/c", "include/xla/tsl/c/", "include/tsl/"))
with zipfile.ZipFile(glob.glob(sys.argv[1] + "/*.whl")[0]) as wheel:
    wheel.extractall(sys.argv[2], [name for name in wheel.namelist() if name.startswith(wanted)])
`;

/**
 * libtensorflow logs through Abseil, which prints everything, whatever TF_CPP_MIN_LOG_LEVEL says, until somebody calls
 * a function that this library does not export. A minimum level can be set though, but libtensorflow logs already from
 * its constructors: hence an addon of its own, linked such that its constructor comes first. The level is constant-
 * initialised, so it can be set then.
 */
const LOG_LEVEL = `
#include <node_api.h>
#include <cstdlib>
#include "absl/log/globals.h"
__attribute__((constructor)) static void set_level() {
  const char* level = std::getenv("TF_CPP_MIN_LOG_LEVEL");
  absl::SetMinLogLevel(static_cast<absl::LogSeverityAtLeast>(level ? std::atoi(level) : 0));
}
NAPI_MODULE_INIT() { return exports; }
`;

async function compileAddons(folder: string, compiler: string): Promise<void> {
  const tfjsNode = tfjsNodeIn(folder);
  const deps = join(tfjsNode, "deps", "lib");
  mkdirSync(addonFolder(tfjsNode), { recursive: true });
  writeFileSync(join(folder, "libtensorflow", "log_level.cc"), LOG_LEVEL);
  const headers = [
    "..",
    join(folder, "libtensorflow", "tensorflow", "include"),
    join(folder, "node_modules", "node-api-headers", "include"),
  ];
  const compile = (
    sources: readonly string[],
    addon: string,
    libraries: readonly string[],
    ...flags: readonly string[]
  ) =>
    command(
      compiler,
      [
        ...["-std=c++17", "-O2", "-fPIC", "-shared", `-DNAPI_VERSION=${NODE_API_LEVEL}`],
        ...headers.flatMap((path) => ["-I", path]),
        ...[...sources, "-o", join(addonFolder(tfjsNode), addon), "-L", deps],
        ...libraries.map((name) => `-l:${name}`),
        // Relative to the addon, so that the folder can be moved to its place.
        "-Wl,-rpath,$ORIGIN/../../deps/lib",
        ...flags,
      ],
      { cwd: tfjsNode },
    );
  const binding = ["binding/tfjs_backend.cc", "binding/tfjs_binding.cc"];
  const outcomes = await Promise.all([
    compile(binding, "tfjs_binding.node", LIBRARIES),
    compile([join(folder, "libtensorflow", "log_level.cc")], "log_level.node", LIBRARIES.slice(1), "-Wl,-z,initfirst"),
  ]);
  for (const outcome of outcomes) {
    demand(outcome, "the addon does not compile", "A newer C++ compiler may help (C++17); CXX names another one.");
  }
}

/** Loads the copy in another process and multiplies two numbers, before anybody sees it. */
async function tryOut(folder: string): Promise<void> {
  const core = createRequire(import.meta.url).resolve("@tensorflow/tfjs-core");
  demand(
    await command(process.execPath, ["--eval", trial(core, tfjsNodeIn(folder))], { cwd: folder, seconds: 120 }),
    "the engine was built but does not run",
    "Use --backend wasm, and please report this with the output of `recurve doctor -v`.",
  );
}

function demand(outcome: Outcome, reason: string, remedy: string): void {
  if (outcome.code !== 0) throw new Failure(`${reason}:\n${tail(outcome.output)}`, remedy);
}
