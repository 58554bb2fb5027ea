/** A bounded cache of things that must be disposed of: what was not used for longest goes first. */
export class Lru<V extends { dispose(): void }> {
  readonly #entries = new Map<string, V>();

  constructor(readonly capacity: number) {}

  get size(): number {
    return this.#entries.size;
  }

  /** The entry `key`, made now if it is not there. It stays valid until `capacity` others have been asked for. */
  get(key: string, make: () => V): V {
    const known = this.#entries.get(key);
    const value = known ?? make();
    this.#entries.delete(key);
    this.#entries.set(key, value);
    const oldest = this.#entries.keys().next();
    if (this.#entries.size > this.capacity && !oldest.done) this.#drop(oldest.value);
    return value;
  }

  dispose(): void {
    for (const key of [...this.#entries.keys()]) this.#drop(key);
  }

  #drop(key: string): void {
    this.#entries.get(key)?.dispose();
    this.#entries.delete(key);
  }
}
