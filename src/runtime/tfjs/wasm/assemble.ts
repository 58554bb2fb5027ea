/** Nodes → a WebAssembly module: a function for each run of nodes that need no host. */
import { Body, I32 } from "./body.js";
import { imports } from "./inside.js";
import type { Shared } from "./kernels.js";
import { ModuleWriter } from "./module.js";
import type { HostNode, Node, Writer } from "./nodes.js";
import type { Place } from "./places.js";

/** Larger functions take the engine's compiler long. */
const MOST_NODES = 256;

/** What a plan's code is called with: names of functions of the module, and nodes that run on the host. */
export type Part<H> = string | HostNode<H>;

/** Addresses that are known before the code is made. */
export interface Addresses {
  /** Of the plan's own memory. */
  readonly constants: number;
  /** Of the addresses of the slots, one after the other. */
  readonly slots: number;
}

export function assemble<H>(
  nodes: readonly Node<H>[],
  addresses: Addresses,
): { readonly bytes: Uint8Array<ArrayBuffer>; readonly parts: readonly Part<H>[] } {
  const module = new ModuleWriter(imports);
  const parts: Part<H>[] = [];
  const functions = new Map<string, number>();
  let f = new Body([I32]);
  let inside = 0;
  const writer: Writer = {
    module,
    get f() {
      return f;
    },
    address: (p, more = 0) => address(f, p, addresses, more),
    own: (key, make) => {
      const known = functions.get(key);
      if (known !== undefined) return known;
      const index = make();
      functions.set(key, index);
      return index;
    },
    shared: (name: Shared) => module.imported(name),
  };
  const close = (): void => {
    if (!inside) return;
    const name = `part${parts.length}`;
    module.add(f.func(), name);
    parts.push(name);
    f = new Body([I32]);
    inside = 0;
  };
  for (const node of nodes) {
    if (node.kind === "code") {
      node.emit(writer);
      if (++inside >= MOST_NODES) close();
    } else {
      close();
      parts.push(node);
    }
  }
  close();
  return { bytes: module.bytes(), parts };
}

const ARENA = 0;

function address(f: Body, { root, offset }: Place, { constants, slots }: Addresses, more: number): void {
  switch (root.kind) {
    case "arena":
      f.get(ARENA).plus(4 * (root.at + offset) + more);
      return;
    case "constant":
      f.i32(constants + 4 * (root.at + offset) + more);
      return;
    case "slot":
      f.i32(slots + 4 * root.at)
        .loadI32()
        .plus(4 * offset + more);
  }
}
