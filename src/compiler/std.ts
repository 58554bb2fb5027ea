// Generated from specs/std/*.rcv by scripts/generate/std.mjs: do not edit.

/** The library by name: the text of `std.NAME`. */
export const std: Readonly<Record<string, string>> = {
  cells: `# Recurrent cells, as their papers print them. A cell maps an input and the state before to the state after;
# \`use std.cells (LSTM)\` imports one, \`cell enc = LSTM(H = 128)\` makes an instance with parameters of its own.
# x may be a vector or a token: W @ x of a token is a column of W.

# J. L. Elman, "Finding structure in time", Cognitive Science 14, 1990.
cell Elman(x : [X], h : [H]) -> h1 : [H] {
  param W : [H, X], U : [H, H] ~ orthogonal, b : [H]
  h1 = tanh(W @ x + U @ h + b)
}

# S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997, with the forget gate of
# F. Gers, J. Schmidhuber, F. Cummins, "Learning to forget", Neural Computation 12(10), 2000. Its bias starts at 1
# (R. Jozefowicz, W. Zaremba, I. Sutskever, "An empirical exploration of recurrent network architectures", ICML 2015).
cell LSTM(x : [X], h : [H], c : [H]) -> (h1 : [H], c1 : [H]) {
  param W : [4*H, X], U : [4*H, H] ~ orthogonal, b : [4*H] ~ gates(0, 1, 0, 0)
  (i, f, o, g) = split(W @ x + U @ h + b, 4)
  c1 = σ(f) * c + σ(i) * tanh(g)
  h1 = σ(o) * tanh(c1)
}

# K. Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP 2014: the reset gate acts on the
# state before its matrix product. r: reset, z: how much of the old state stays.
cell GRU(x : [X], h : [H]) -> h1 : [H] {
  param W : [3*H, X], U : [2*H, H] ~ orthogonal, Un : [H, H] ~ orthogonal, b : [3*H]
  (xr, xz, xn) = split(W @ x + b, 3)
  (hr, hz) = split(U @ h, 2)
  r = σ(xr + hr)
  z = σ(xz + hz)
  n = tanh(xn + Un @ (r * h))
  h1 = z * h + (1 - z) * n
}

# The reset gate after the product, as in the first version of the same paper (arXiv:1406.1078v1) and in cuDNN:
# all products with h are one. It has a bias of its own inside the reset.
cell GRUResetAfter(x : [X], h : [H]) -> h1 : [H] {
  param W : [3*H, X], U : [3*H, H] ~ orthogonal, b : [3*H], bn : [H]
  (xr, xz, xn) = split(W @ x + b, 3)
  (hr, hz, hn) = split(U @ h, 3)
  r = σ(xr + hr)
  z = σ(xz + hz)
  n = tanh(xn + r * (hn + bn))
  h1 = z * h + (1 - z) * n
}
`,
};
