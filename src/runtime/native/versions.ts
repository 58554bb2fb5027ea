/** What the native engine is made of. All exact: the executor calls kernels of tfjs, and the addon a C API. */

export const TFJS_NODE = "4.22.0";

/** The wheel whose libtensorflow the addon is built against, and what PyPI says its content hashes to. */
export const WHEEL = {
  name: "tensorflow-cpu",
  version: "2.21.0",
  python: "3.11",
  platform: "manylinux_2_27_x86_64",
  sha256: "2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c",
} as const;

/** Declarations of Node-API, which is stable over the versions of Node: one build serves them all. */
export const NODE_API_HEADERS = "1.9.0";
export const NODE_API_LEVEL = 8;
