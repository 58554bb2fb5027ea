import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Processes, not threads: the native engine is loaded once per process and holds state of its own.
    pool: "forks",
    testTimeout: 60_000,
    maxConcurrency: 2,
    hookTimeout: 60_000,
  },
});
