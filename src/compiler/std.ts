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
  optimisers: `# Optimisers, as their papers print them: recurrences over the step axis. The first two formals are a parameter and its
# gradient, the others are states that start at 0; the results are the new parameter and the new states in the same order.
# \`[..]\` is the shape of the parameter, whatever it is; what has no shape is a number. The equations whose right side is a
# number are the hyperparameters: \`train { optimizer = adam(beta1 = 0.8) }\` sets them, in their order if without names.
# \`lr\` is the learning rate, which \`schedule\` scales at every step. These are known without \`use\`; a cell of the spec that
# is written like them can be named in the same place.

# H. Robbins, S. Monro, "A stochastic approximation method", Annals of Mathematical Statistics 22, 1951. With \`momentum\` the
# velocity of the cell \`momentum\` below, with \`nesterov = 1\` (or \`true\`) besides that the step of the cell \`nesterov\`.
cell sgd(w : [..], g : [..], v : [..]) -> (w1 : [..], v1 : [..]) {
  lr = 0.1; momentum = 0; nesterov = 0
  require 0 <= momentum; require momentum < 1
  v1 = momentum * v + g
  w1 = w - lr * (if nesterov == 0 then v1 else g + momentum * v1)
}

# B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", USSR Computational Mathematics and
# Mathematical Physics 4(5), 1964: the heavy ball. v: the velocity, in units of the gradient.
cell momentum(w : [..], g : [..], v : [..]) -> (w1 : [..], v1 : [..]) {
  lr = 0.01; momentum = 0.9
  require 0 <= momentum; require momentum < 1
  v1 = momentum * v + g
  w1 = w - lr * v1
}

# Y. Nesterov, "A method for solving the convex programming problem with convergence rate O(1/k²)", Doklady AN SSSR 269,
# 1983, with the parameter at the point that is looked ahead to: I. Sutskever, J. Martens, G. Dahl, G. Hinton, "On the
# importance of initialization and momentum in deep learning", ICML 2013, in the form of Y. Bengio, N. Boulanger-Lewandowski,
# R. Pascanu, "Advances in optimizing recurrent networks", ICASSP 2013.
cell nesterov(w : [..], g : [..], v : [..]) -> (w1 : [..], v1 : [..]) {
  lr = 0.01; momentum = 0.9
  require 0 <= momentum; require momentum < 1
  v1 = momentum * v + g
  w1 = w - lr * (g + momentum * v1)
}

# J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods for online learning and stochastic optimization", JMLR 12,
# 2011: the diagonal form. s: the sum of all squared gradients.
cell adagrad(w : [..], g : [..], s : [..]) -> (w1 : [..], s1 : [..]) {
  lr = 0.01; eps = 1e-8
  require eps > 0
  s1 = s + g^2
  w1 = w - lr * g / (sqrt(s1) + eps)
}

# T. Tieleman, G. Hinton, "Lecture 6.5: RMSProp, divide the gradient by a running average of its recent magnitude",
# Coursera, Neural Networks for Machine Learning, 2012. s: the mean of squared gradients, exponentially forgotten.
cell rmsprop(w : [..], g : [..], s : [..]) -> (w1 : [..], s1 : [..]) {
  lr = 0.001; rho = 0.9; eps = 1e-8
  require 0 <= rho; require rho < 1; require eps > 0
  s1 = rho * s + (1 - rho) * g^2
  w1 = w - lr * g / (sqrt(s1) + eps)
}

# D. P. Kingma, J. Ba, "Adam: A method for stochastic optimization", ICLR 2015, algorithm 1: m and v are means of gradients
# and of their squares, k counts the steps. A \`weight_decay\` makes it AdamW, below.
cell adam(w : [..], g : [..], m : [..], v : [..], k) -> (w1 : [..], m1 : [..], v1 : [..], k1) {
  lr = 0.001; beta1 = 0.9; beta2 = 0.999; eps = 1e-8; weight_decay = 0
  require 0 <= beta1; require beta1 < 1; require 0 <= beta2; require beta2 < 1
  require eps > 0; require weight_decay >= 0
  k1 = k + 1
  m1 = beta1 * m + (1 - beta1) * g
  v1 = beta2 * v + (1 - beta2) * g^2
  w1 = (1 - lr * weight_decay) * w - lr * (m1 / (1 - beta1^k1)) / (sqrt(v1 / (1 - beta2^k1)) + eps)
}

# I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2: the weights decay by themselves
# instead of through the gradient.
cell adamw(w : [..], g : [..], m : [..], v : [..], k) -> (w1 : [..], m1 : [..], v1 : [..], k1) {
  lr = 0.001; beta1 = 0.9; beta2 = 0.999; eps = 1e-8; weight_decay = 0.01
  require 0 <= beta1; require beta1 < 1; require 0 <= beta2; require beta2 < 1
  require eps > 0; require weight_decay >= 0
  k1 = k + 1
  m1 = beta1 * m + (1 - beta1) * g
  v1 = beta2 * v + (1 - beta2) * g^2
  w1 = (1 - lr * weight_decay) * w - lr * (m1 / (1 - beta1^k1)) / (sqrt(v1 / (1 - beta2^k1)) + eps)
}

# X. Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023, algorithm 2: the sign of a mean of the
# gradient; m forgets more slowly than what the step is taken from.
cell lion(w : [..], g : [..], m : [..]) -> (w1 : [..], m1 : [..]) {
  lr = 0.0001; beta1 = 0.9; beta2 = 0.99; weight_decay = 0
  require 0 <= beta1; require beta1 < 1; require 0 <= beta2; require beta2 < 1; require weight_decay >= 0
  m1 = beta2 * m + (1 - beta2) * g
  w1 = (1 - lr * weight_decay) * w - lr * sign(beta1 * m + (1 - beta1) * g)
}
`,
};
