import { defineConfig } from "vitest/config";

/** Not a part of the tests: `npm run fuzz`. */
export default defineConfig({
  test: { include: ["test/fuzz/*.fuzz.ts"], pool: "forks", fileParallelism: false },
});
