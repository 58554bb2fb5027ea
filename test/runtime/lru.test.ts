import { describe, expect, it } from "vitest";
import { Lru } from "../../src/runtime/lru.js";

describe("the cache of plans", () => {
  it("keeps the latest, disposes of what falls out, once", () => {
    const gone: string[] = [];
    const lru = new Lru<{ name: string; dispose(): void }>(2);
    const get = (name: string) => lru.get(name, () => ({ name, dispose: () => gone.push(name) }));
    const a = get("a");
    get("b");
    expect(get("a")).toBe(a);
    get("c");
    expect(gone).toEqual(["b"]);
    expect(lru.size).toBe(2);
    expect(get("a")).toBe(a);
    lru.dispose();
    expect(gone.sort()).toEqual(["a", "b", "c"]);
    expect(get("a")).not.toBe(a);
  });
});
