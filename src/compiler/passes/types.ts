import type { System } from "../system/types.js";

/** A pass is a pure function on Systems. Its name is what `--emit after:NAME` takes; its `doc` is the help. */
export interface Pass {
  readonly name: string;
  readonly doc: string;
  /** `keep`: values that must survive under their ids. */
  run(system: System, keep: ReadonlySet<string>): System;
}
