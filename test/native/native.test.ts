import * as core from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { loadNative } from "../../src/runtime/native/index.js";

const native = await loadNative();

/** Where the engine has to be there, its absence is a failure, elsewhere a reason to skip. */
test.runIf(process.env["CI"])("the native engine loads where tests must not skip it", () => {
  expect(native).toMatchObject({ ok: true });
});

describe.skipIf(!native.ok)("the native engine", () => {
  test("is loaded once and says what it is", async () => {
    expect(native).toMatchObject({ version: "4.22.0", libtensorflow: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    expect(await loadNative()).toEqual(native);
  });

  test("shares the process's tfjs-core and computes", async () => {
    await core.setBackend("tensorflow");
    const product = core.matMul(core.tensor2d([1, 2, 3, 4], [2, 2]), core.tensor2d([5, 6, 7, 8], [2, 2]));
    expect([...product.dataSync()]).toEqual([19, 22, 43, 50]);
  });
});
