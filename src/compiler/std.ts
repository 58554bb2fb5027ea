// Generated from specs/std/*.rcv by scripts/generate/std.mjs: do not edit.

/** The library by name: the text of `std.NAME`. */
export const std: Readonly<Record<string, string>> = {
  attention: `# Attention: what a query finds along an axis. The weights a[s] sum to 1; g is the mean of the values under them.
# \`use std.attention (AdditiveAttention)\`, \`cell look = AdditiveAttention(A = 64)\`, \`(g[t], a[t,s]) = look(q[t], e[s])\`.

# M.-T. Luong, H. Pham, C. D. Manning, "Effective approaches to attention-based neural machine translation", EMNLP 2015,
# section 3.1, with the scores \`dot\` and \`general\`.
cell DotAttention(q : [H], e[s] : [H]) -> (g : [H], a[s]) {
  a[s] = softmax[s](dot(q, e[s]))
  g = sum[s](a[s] * e[s])
}
cell GeneralAttention(q : [Q], e[s] : [E]) -> (g : [E], a[s]) {
  param W : [Q, E]
  a[s] = softmax[s](dot(q, W @ e[s]))
  g = sum[s](a[s] * e[s])
}

# D. Bahdanau, K. Cho, Y. Bengio, "Neural machine translation by jointly learning to align and translate", ICLR 2015,
# appendix A.1.2. A: the size in which query and entries meet.
cell AdditiveAttention(q : [Q], e[s] : [E]) -> (g : [E], a[s]) {
  param v : [A], Wq : [A, Q], We : [A, E], b : [A]
  a[s] = softmax[s](dot(v, tanh(Wq @ q + We @ e[s] + b)))
  g = sum[s](a[s] * e[s])
}

# J. Chorowski, D. Bahdanau, D. Serdyuk, K. Cho, Y. Bengio, "Attention-based models for speech recognition", NeurIPS 2015,
# section 2.1: the scores see, through F filters over three places, where the weights were before.
cell LocationAttention(q : [Q], e[s] : [E], before[s]) -> (g : [E], a[s]) {
  axis s < S
  param v : [A], Wq : [A, Q], We : [A, E], Wf : [A, F], K : [F, 3], b : [A]
  f[s] = K @ [if s > 0 then before[s-1] else 0; before[s]; if s < S - 1 then before[s+1] else 0]
  a[s] = softmax[s](dot(v, tanh(Wq @ q + We @ e[s] + Wf @ f[s] + b)))
  g = sum[s](a[s] * e[s])
}

# A. Vaswani et al., "Attention is all you need", NeurIPS 2017, section 3.2: scaled products of queries and keys, and N heads
# of D dims, each with its own view of query, keys and values. For attention of a sequence to itself, q, k and v are all it.
cell ScaledDotAttention(q : [D], k[s] : [D], v[s] : [V]) -> (g : [V], a[s]) {
  a[s] = softmax[s](dot(q, k[s]) / sqrt(D))
  g = sum[s](a[s] * v[s])
}
cell MultiHeadAttention(q : [Q], k[s] : [K], v[s] : [V]) -> g : [O] {
  axis i < N
  param Wq[i] : [D, Q], Wk[i] : [D, K], Wv[i] : [D, V], Wo[i] : [O, D]
  a[i,s] = softmax[s](dot(Wq[i] @ q, Wk[i] @ k[s]) / sqrt(D))
  g = sum[i](Wo[i] @ sum[s](a[i,s] * (Wv[i] @ v[s])))
}
`,
  cells: `# Recurrent cells, as their papers print them. A cell maps an input and the state before to the state after;
# \`use std.cells (LSTM)\` imports one, \`cell enc = LSTM(H = 128)\` makes an instance with parameters of its own.
# x may be a vector or a token: W @ x of a token is a column of W.

# J. L. Elman, "Finding structure in time", Cognitive Science 14, 1990.
cell Elman(x : [X], h : [H]) -> h1 : [H] {
  param W : [H, X], U : [H, H] ~ orthogonal, b : [H]
  h1 = tanh(W @ x + U @ h + b)
}

# M. I. Jordan, "Attractor dynamics and parallelism in a connectionist sequential machine", CogSci 1986: what comes back is
# the output y. \`Jordan(H = 20)\` says how many hidden units stand between.
cell Jordan(x : [X], y : [Y]) -> y1 : [Y] {
  param W : [H, X], U : [H, Y], b : [H], V : [Y, H], d : [Y]
  h = σ(W @ x + U @ y + b)
  y1 = σ(V @ h + d)
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

# F. Gers, J. Schmidhuber, "Recurrent nets that time and count", IJCNN 2000: the gates see the memory as well, that of
# the output the new one.
cell PeepholeLSTM(x : [X], h : [H], c : [H]) -> (h1 : [H], c1 : [H]) {
  param W : [4*H, X], U : [4*H, H] ~ orthogonal, b : [4*H] ~ gates(0, 1, 0, 0)
  param pi : [H] ~ uniform(-0.1, 0.1), pf : [H] ~ uniform(-0.1, 0.1), po : [H] ~ uniform(-0.1, 0.1)
  (i, f, o, g) = split(W @ x + U @ h + b, 4)
  c1 = σ(f + pf * c) * c + σ(i + pi * c) * tanh(g)
  h1 = σ(o + po * c1) * tanh(c1)
}

# H. Sak, A. Senior, F. Beaufays, "Long short-term memory recurrent neural network architectures for large scale acoustic
# modeling", Interspeech 2014: a projection r of the output is what comes back, and may be smaller than the memory. Without
# the paper's peepholes.
cell ProjectedLSTM(x : [X], r : [R], c : [H]) -> (r1 : [R], c1 : [H]) {
  param W : [4*H, X], U : [4*H, R] ~ orthogonal, b : [4*H] ~ gates(0, 1, 0, 0), P : [R, H]
  (i, f, o, g) = split(W @ x + U @ r + b, 4)
  c1 = σ(f) * c + σ(i) * tanh(g)
  r1 = P @ (σ(o) * tanh(c1))
}

# K. Greff, R. K. Srivastava, J. Koutník, B. R. Steunebrink, J. Schmidhuber, "LSTM: A search space odyssey", IEEE TNNLS
# 28(10), 2017: coupled input and forget gates; what is forgotten makes room for what comes in.
cell CoupledLSTM(x : [X], h : [H], c : [H]) -> (h1 : [H], c1 : [H]) {
  param W : [3*H, X], U : [3*H, H] ~ orthogonal, b : [3*H] ~ gates(1, 0, 0)
  (f, o, g) = split(W @ x + U @ h + b, 3)
  c1 = σ(f) * c + (1 - σ(f)) * tanh(g)
  h1 = σ(o) * tanh(c1)
}

# J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer normalization", arXiv:1607.06450, equations 20 to 22: both products are
# normalised, each with its gain, and the memory on its way out.
cell LayerNormLSTM(x : [X], h : [H], c : [H]) -> (h1 : [H], c1 : [H]) {
  param W : [4*H, X], U : [4*H, H] ~ orthogonal, b : [4*H] ~ gates(0, 1, 0, 0)
  param ax : [4*H] ~ constant(1), ah : [4*H] ~ constant(1), ac : [H] ~ constant(1), bc : [H]
  (i, f, o, g) = split(ax * layernorm(W @ x) + ah * layernorm(U @ h) + b, 4)
  c1 = σ(f) * c + σ(i) * tanh(g)
  h1 = σ(o) * tanh(ac * layernorm(c1) + bc)
}

# G. Melis, T. Kočiský, P. Blunsom, "Mogrifier LSTM", ICLR 2020: before an LSTM's step input and state scale each other,
# in five rounds.
cell MogrifierLSTM(x : [X], h : [H], c : [H]) -> (h1 : [H], c1 : [H]) {
  param Q1 : [X, H], Q3 : [X, H], Q5 : [X, H], R2 : [H, X], R4 : [H, X]
  cell lstm = LSTM(X, H)
  x1 = 2 * σ(Q1 @ h) * x
  h2 = 2 * σ(R2 @ x1) * h
  x3 = 2 * σ(Q3 @ h2) * x1
  h4 = 2 * σ(R4 @ x3) * h2
  x5 = 2 * σ(Q5 @ h4) * x3
  (h1, c1) = lstm(x5, h4, c)
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

# G.-B. Zhou, J. Wu, C.-L. Zhang, Z.-H. Zhou, "Minimal gated unit for recurrent neural networks", International Journal of
# Automation and Computing 13(3), 2016: one gate both resets and updates.
cell MGU(x : [X], h : [H]) -> h1 : [H] {
  param W : [2*H, X], Uf : [H, H] ~ orthogonal, Un : [H, H] ~ orthogonal, b : [2*H] ~ gates(1, 0)
  (xf, xn) = split(W @ x + b, 2)
  f = σ(xf + Uf @ h)
  n = tanh(xn + Un @ (f * h))
  h1 = (1 - f) * h + f * n
}

# L. Feng et al., "Were RNNs all we needed?", arXiv:2410.01201: the gate and the candidate look at the input only, so the
# recurrence is linear in the state.
cell MinGRU(x : [X], h : [H]) -> h1 : [H] {
  param W : [2*H, X], b : [2*H]
  (z, n) = split(W @ x + b, 2)
  h1 = (1 - σ(z)) * h + σ(z) * n
}

# S. Li, W. Li, C. Cook, C. Zhu, Y. Gao, "Independently recurrent neural network (IndRNN)", CVPR 2018: a unit sees of the
# state before only itself.
cell IndRNN(x : [X], h : [H]) -> h1 : [H] {
  param W : [H, X], u : [H] ~ uniform(0, 1), b : [H]
  h1 = relu(W @ x + u * h + b)
}

# T. Lei, Y. Zhang, S. I. Wang, H. Dai, Y. Artzi, "Simple recurrent units for highly parallelizable recurrence", EMNLP 2018,
# equations 1 to 4: no product with the state, and a highway around the memory, for which x is as large as c.
cell SRU(x : [H], c : [H]) -> (h1 : [H], c1 : [H]) {
  param W : [3*H, H], vf : [H] ~ uniform(-0.1, 0.1), vr : [H] ~ uniform(-0.1, 0.1), bf : [H], br : [H]
  (n, xf, xr) = split(W @ x, 3)
  f = σ(xf + vf * c + bf)
  c1 = f * c + (1 - f) * n
  r = σ(xr + vr * c + br)
  h1 = r * c1 + (1 - r) * x
}

# J. Bradbury, S. Merity, C. Xiong, R. Socher, "Quasi-recurrent neural networks", ICLR 2017. QRNN is a convolution of width 2,
# over the input and the one before it, with fo-pooling. The poolings stand alone too: f, o and i are gates between 0 and 1,
# from a convolution of any width.
cell QRNN(x : [X], before : [X], c : [H]) -> (h1 : [H], c1 : [H]) {
  param W : [3*H, X], V : [3*H, X], b : [3*H] ~ gates(0, 1, 0)
  cell pool = FOPool(H)
  (z, f, o) = split(W @ x + V @ before + b, 3)
  (h1, c1) = pool(tanh(z), σ(f), σ(o), c)
}
cell FPool(z : [H], f : [H], h : [H]) -> h1 : [H] {
  h1 = f * h + (1 - f) * z
}
cell FOPool(z : [H], f : [H], o : [H], c : [H]) -> (h1 : [H], c1 : [H]) {
  c1 = f * c + (1 - f) * z
  h1 = o * c1
}
cell IFOPool(z : [H], f : [H], o : [H], i : [H], c : [H]) -> (h1 : [H], c1 : [H]) {
  c1 = f * c + i * z
  h1 = o * c1
}

# K. S. Tai, R. Socher, C. D. Manning, "Improved semantic representations from tree-structured long short-term memory
# networks", ACL 2015, section 3.1, in two parts: what a child passes on, \`p[n, k in kids(n)] = keep(x[n], h[k], c[k])\`, and
# the node, to which the sums over its children are given: \`(h[n], c[n]) = node(x[n], sum[k in kids(n)](h[k]),
# sum[k in kids(n)](p[n,k]))\`.
cell ChildSumForget(x : [X], h : [H], c : [H]) -> p : [H] {
  param W : [H, X], U : [H, H] ~ orthogonal, b : [H] ~ constant(1)
  p = σ(W @ x + U @ h + b) * c
}
cell ChildSumTreeLSTM(x : [X], m : [H], p : [H]) -> (h1 : [H], c1 : [H]) {
  param W : [3*H, X], U : [3*H, H] ~ orthogonal, b : [3*H]
  (i, o, u) = split(W @ x + U @ m + b, 3)
  c1 = σ(i) * tanh(u) + p
  h1 = σ(o) * tanh(c1)
}

# Section 3.2 of the same paper, for two children: each has matrices of its own, and its forget gate sees both.
cell BinaryTreeLSTM(x : [X], hl : [H], cl : [H], hr : [H], cr : [H]) -> (h1 : [H], c1 : [H]) {
  param W : [5*H, X], L : [5*H, H] ~ orthogonal, R : [5*H, H] ~ orthogonal, b : [5*H] ~ gates(0, 1, 1, 0, 0)
  (i, fl, fr, o, u) = split(W @ x + L @ hl + R @ hr + b, 5)
  c1 = σ(i) * tanh(u) + σ(fl) * cl + σ(fr) * cr
  h1 = σ(o) * tanh(c1)
}

# X. Shi, Z. Chen, H. Wang, D.-Y. Yeung, W.-K. Wong, W. Woo, "Convolutional LSTM network: A machine learning approach for
# precipitation nowcasting", NeurIPS 2015, equation 3: input and state are images [height, width, channels], products are
# convolutions with kernels of \`size\`, peepholes belong to a place. So do the biases.
cell ConvLSTM(x : [M, N, X], h : [M, N, H], c : [M, N, H]) -> (h1 : [M, N, H], c1 : [M, N, H]) {
  size = 3
  param Wi : [size, size, X, H], Wf : [size, size, X, H], Wo : [size, size, X, H], Wg : [size, size, X, H]
  param Ui : [size, size, H, H], Uf : [size, size, H, H], Uo : [size, size, H, H], Ug : [size, size, H, H]
  param pi : [M, N, H] ~ uniform(-0.1, 0.1), pf : [M, N, H] ~ uniform(-0.1, 0.1), po : [M, N, H] ~ uniform(-0.1, 0.1)
  param bi : [M, N, H] ~ zeros, bf : [M, N, H] ~ constant(1), bo : [M, N, H] ~ zeros, bg : [M, N, H] ~ zeros
  i = σ(conv2d(x, Wi, pad = same) + conv2d(h, Ui, pad = same) + pi * c + bi)
  f = σ(conv2d(x, Wf, pad = same) + conv2d(h, Uf, pad = same) + pf * c + bf)
  c1 = f * c + i * tanh(conv2d(x, Wg, pad = same) + conv2d(h, Ug, pad = same) + bg)
  o = σ(conv2d(x, Wo, pad = same) + conv2d(h, Uo, pad = same) + po * c1 + bo)
  h1 = o * tanh(c1)
}
`,
  initialisers: `# Initialisers: where a parameter starts, \`param W : [H, X] ~ he\`. A cell whose one result is the start and whose noise is the
# draw. \`[..]\` is the shape of the parameter; a shape such as \`[M, N]\` names its dims, and fits only parameters with as many.
# Formals may be \`fan_in\` and \`fan_out\`, the numbers of inputs and outputs of one unit: of a matrix [out, in] its dims, of a
# kernel [height, width, in, out] those times the size of the window. The equations whose right side is a number are arguments
# in their order, \`~ normal(0, 0.1)\`. Packed gates start each by itself. These are known without \`use\`, and a cell of the
# spec that is written like them can stand in the same place.
#
# Built in, because they are no formulas of draws: \`zeros\`, \`constant(c)\`, \`identity(gain)\` (Q. V. Le, N. Jaitly, G. E. Hinton,
# "A simple way to initialize recurrent networks of rectified linear units", arXiv:1504.00941), \`gates(…)\` with one constant
# for each gate of a packed bias, \`file(…)\`, and \`orthogonal(gain)\`, the Gram–Schmidt process on normal draws (A. M. Saxe,
# J. L. McClelland, S. Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks",
# ICLR 2014).

# X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010, equation 16:
# signals keep their variance on the way forward and back, 2 / (in + out).
cell glorot(fan_in, fan_out) -> w : [..] {
  noise u : [..] ~ uniform(-1, 1)
  w = sqrt(6 / (fan_in + fan_out)) * u
}

# K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", ICCV 2015: the variance 2 / in makes up for the half that a
# rectifier cuts off.
cell he(fan_in) -> w : [..] {
  noise u : [..] ~ uniform(-1, 1)
  w = sqrt(6 / fan_in) * u
}

# Y. LeCun, L. Bottou, G. B. Orr, K.-R. Müller, "Efficient backprop", in Neural Networks: Tricks of the Trade, 1998,
# equation 16: the variance 1 / in.
cell lecun(fan_in) -> w : [..] {
  noise u : [..] ~ uniform(-1, 1)
  w = sqrt(3 / fan_in) * u
}

cell uniform() -> w : [..] {
  low = -1; high = 1
  require low < high
  noise u : [..] ~ uniform(low, high)
  w = u
}

cell normal() -> w : [..] {
  mean = 0; sd = 1
  require sd >= 0
  noise u : [..] ~ normal(mean, sd)
  w = u
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
