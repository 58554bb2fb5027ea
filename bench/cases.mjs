/**
 * What is measured: models of specs/bench at sizes V (symbols), H (units), B (batch), T (time steps, or nodes of a tree).
 * `steps` are those of a peer that is fast; a slow one takes fewer, by the clock.
 */
const lm = { model: "lm", spec: "lstm-lm.rcv" };
const peephole = { model: "peephole", spec: "peephole-lm.rcv" };
const layerNorm = { model: "layer-norm", spec: "layer-norm-lstm-lm.rcv" };
const generate = { model: "generate", spec: "lstm-generator.rcv" };
const sizes = (V, H, B, T) => ({ V, H, B, T });

export const cases = [
  { name: "tiny", ...lm, sizes: sizes(64, 100, 1, 25), steps: 1000 },
  { name: "S", ...lm, sizes: sizes(64, 128, 50, 50), steps: 40 },
  { name: "M", ...lm, sizes: sizes(64, 512, 64, 64), steps: 12 },
  { name: "long", ...lm, sizes: sizes(64, 128, 50, 1000), steps: 8 },
  { name: "peephole-tiny", ...peephole, sizes: sizes(64, 100, 1, 25), steps: 1000 },
  { name: "peephole-S", ...peephole, sizes: sizes(64, 128, 50, 50), steps: 40 },
  { name: "peephole-M", ...peephole, sizes: sizes(64, 512, 64, 64), steps: 12 },
  { name: "layer-norm-tiny", ...layerNorm, sizes: sizes(64, 100, 1, 25), steps: 1000 },
  { name: "layer-norm-S", ...layerNorm, sizes: sizes(64, 128, 50, 50), steps: 40 },
  { name: "layer-norm-M", ...layerNorm, sizes: sizes(64, 512, 64, 64), steps: 12 },
  { name: "gru", model: "gru", spec: "gru-lm.rcv", sizes: sizes(64, 128, 50, 50), steps: 40 },
  { name: "tagger", model: "tagger", spec: "bilstm-tagger.rcv", sizes: sizes(64, 128, 50, 50), steps: 20 },
  { name: "seq2seq", model: "seq2seq", spec: "seq2seq-attention.rcv", sizes: sizes(64, 128, 50, 30), steps: 20 },
  { name: "tree", model: "tree", spec: "tree-lstm.rcv", sizes: sizes(64, 128, 64, 25), steps: 20 },
  { name: "generate-1", ...generate, sizes: sizes(64, 128, 1, 200), steps: 10 },
  { name: "generate-64", ...generate, sizes: sizes(64, 128, 64, 200), steps: 10 },
];

/** A plan may be made anew after some runs, when it has shown that it is worth it: this project takes at least so many. */
export const OWN_STEPS = 30;

/** Those that are named, or whose name begins so: `S`, `layer-norm`. */
export function chosen(names) {
  if (!names.length) return cases;
  const fits = (name) => cases.filter((c) => c.name === name || c.name.startsWith(`${name}-`));
  for (const name of names)
    if (!fits(name).length)
      throw new Error(`there is no case ${name}: there are ${cases.map((c) => c.name).join(", ")}`);
  return [...new Set(names.flatMap(fits))];
}
