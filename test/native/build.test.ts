import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { inspect } from "../../src/runtime/native/folders.js";
import { buildNative, cacheFolder, engineFolder, supported } from "../../src/runtime/native/index.js";
import { withLock } from "../../src/runtime/native/lock.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "recurve-native-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

test("the cache is where the environment says", () => {
  expect(cacheFolder({ RECURVE_CACHE: "/a" })).toBe("/a");
  expect(cacheFolder({ XDG_CACHE_HOME: "/b" })).toBe("/b/recurve");
  expect(cacheFolder({})).toMatch(/\.cache\/recurve$/);
});

test("a package of another version or without its addon is not usable", () => {
  const write = (version: string) => writeFileSync(join(folder, "package.json"), JSON.stringify({ version }));
  expect(inspect(folder)).toEqual({ reason: "it is not installed" });
  write("4.20.0");
  expect(inspect(folder)).toMatchObject({ reason: expect.stringContaining("4.20.0") });
  write("4.22.0");
  expect(inspect(folder)).toMatchObject({ reason: expect.stringContaining("addon") });
  mkdirSync(join(folder, "lib", "napi-v8"), { recursive: true });
  writeFileSync(join(folder, "lib", "napi-v8", "tfjs_binding.node"), "");
  expect(inspect(folder)).toEqual({ version: "4.22.0" });
});

describe.skipIf(supported() !== undefined)("a build that cannot succeed says why, and leaves nothing", () => {
  /** The PATH holds these programs only. */
  function only(programs: Record<string, string>) {
    const bin = join(folder, "bin");
    mkdirSync(bin);
    for (const [name, script] of Object.entries(programs)) {
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    vi.stubEnv("PATH", bin);
    vi.stubEnv("CXX", undefined);
    vi.stubEnv("npm_execpath", undefined);
    vi.stubEnv("RECURVE_CACHE", join(folder, "cache"));
  }

  test.each([
    ["no compiler", {}, /no C\+\+ compiler/, /apt-get install g\+\+/],
    ["no Python", { "c++": "exit 0" }, /no python3/, /Install Python 3/],
    ["no pip", { "c++": "exit 0", python3: "exit 1" }, /no pip/, /python3-pip/],
    ["no npm", { "c++": "exit 0", python3: "exit 0" }, /npm is not on the PATH/, /PATH/],
    ["no npm registry", { "c++": "exit 0", python3: "exit 0", npm: "echo E503; exit 1" }, /E503/, /registry/],
    [
      "no PyPI",
      { "c++": "exit 0", python3: 'case "$*" in *--version*) exit 0;; esac; echo no route; exit 1', npm: "exit 0" },
      /no route/,
      /PyPI/,
    ],
  ])("%s", async (_, programs, reason, remedy) => {
    only(programs);
    const built = await buildNative();
    expect(built).toMatchObject({
      ok: false,
      reason: expect.stringMatching(reason),
      remedy: expect.stringMatching(remedy),
    });
    expect(readdirSync(join(folder, "cache"))).toEqual([]);
  });

  test("what a killed build left behind goes away", async () => {
    only({});
    const left = `${engineFolder()}.tmp-killed`;
    mkdirSync(left, { recursive: true });
    await buildNative();
    expect(existsSync(left)).toBe(false);
  });

  test("a cache that cannot be made is a reason too", async () => {
    only({});
    writeFileSync(join(folder, "file"), "");
    vi.stubEnv("RECURVE_CACHE", join(folder, "file", "cache"));
    expect(await buildNative()).toMatchObject({ ok: false, remedy: expect.stringContaining("RECURVE_CACHE") });
  });
});

describe("the lock", () => {
  const nobody = () => {};

  test("lets one in at a time", async () => {
    const lock = join(folder, "lock");
    let inside = 0;
    let most = 0;
    let waited = 0;
    const visit = () =>
      withLock(
        lock,
        async () => {
          most = Math.max(most, ++inside);
          await new Promise((resolve) => setTimeout(resolve, 20));
          inside -= 1;
        },
        () => {
          waited += 1;
        },
      );
    await Promise.all([visit(), visit(), visit()]);
    expect({ most, waited, left: existsSync(lock) }).toEqual({ most: 1, waited: 2, left: false });
  });

  test("of a process that is gone is taken over", async () => {
    const lock = join(folder, "lock");
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "close");
    writeFileSync(lock, JSON.stringify({ pid: child.pid, host: hostname() }));
    await expect(withLock(lock, async () => "in", nobody)).resolves.toBe("in");
  });

  test("is released where the work fails", async () => {
    const lock = join(folder, "lock");
    await expect(withLock(lock, () => Promise.reject(new Error("no")), nobody)).rejects.toThrow("no");
    expect(existsSync(lock)).toBe(false);
  });
});
