/** Specs over trees and graphs, for tests of the checker, of plans and of training. */

/** Tai, Socher & Manning, "Improved semantic representations from tree-structured LSTM networks", 2015, eqs. 2–8. */
export const childSum = `model treelstm : tree-to-one {
  vocab Word = ["a", "b", "c"];  vocab Label = ["no", "yes"];  dim E = 2;  dim H = 2;  tree n
  input w[n] : Word;    random y : Label
  param Emb : [E, Word], Wi, Ui, bi, Wf, Uf, bf, Wo, Uo, bo, Wu, Uu, bu, Wy, by
  m[n] = sum[k in kids(n)](h[k])
  i[n] : [H] = σ(Wi @ Emb @ w[n] + Ui @ m[n] + bi)
  o[n] : [H] = σ(Wo @ Emb @ w[n] + Uo @ m[n] + bo)
  u[n] : [H] = tanh(Wu @ Emb @ w[n] + Uu @ m[n] + bu)
  f[n, k in kids(n)] = σ(Wf @ Emb @ w[n] + Uf @ h[k] + bf)
  c[n] = i[n] * u[n] + sum[k in kids(n)](f[n,k] * c[k])
  h[n] = o[n] * tanh(c[n])
  y ~ categorical(Wy @ h[root] + by)
}`;

/** Left and right by position, the root's own start, a label for every node. */
export const binary = `model binary : tree-to-tree {
  vocab Label = ["no", "yes"];  dim H = 2;  tree n
  input x[n] : [H];  random y[n] : Label
  param W, L, R, D, b, q : [H], Wy
  l[n] = sum[k in kids(n)](if pos(k) == 0 then h[k] else 0)
  r[n] = sum[k in kids(n)](if pos(k) == 1 then h[k] else 0)
  leaf[n] = sum[k in kids(n)](1) == 0
  h[n] : [H] = if leaf[n] then tanh(W @ x[n]) else tanh(L @ l[n] + R @ r[n] + b)
  d[n] = tanh(D @ d[parent(n)] + h[n] + (if n == root then x[n] else 0) + pos(n))
  d[parent(root)] = q
  y[n] ~ categorical(Wy @ d[n])
}`;

/** Every reduction over kids, siblings, grandparents, a mean over all nodes. */
export const reductions = `model reductions : tree-to-one {
  dim H = 2;  tree n
  input x[n] : [H];  random y
  param W, v : [H], u : [H], b : [H] ~ uniform(0.5, 1)
  a[n, k in kids(n)] = softmax[k](dot(v, h[k]) + dot(u, x[n]))
  far[n] = argmax[k in kids(n)](dot(v, h[k]))
  best[n] = sum[k in kids(n)](if pos(k) == far[n] then h[k] else 0)
  count[n] = sum[k in kids(n)](1)
  top[n] = if count[n] == 0 then 0 else max[k in kids(n)](h[k]) - min[k in kids(n)](h[k] * h[k])
  lse[n] = if count[n] == 0 then 0 else logsumexp[k in kids(n)](sum(h[k]))
  h[n] : [H] = tanh(W @ x[n] + sum[k in kids(n)](a[n,k] * h[k]) + 0.1 * best[n] + mean[k in kids(n)](h[k] * x[n]) + top[n] + lse[n])
  mixed[n] = sum[k in kids(n)](softmax[k](dot(u, h[k])) * h[k])
  p[n] = x[parent(n)] + h[parent(parent(n))]
  x[parent(root)] = 0
  h[parent(root)] = b
  s[n] = sum[k in kids(parent(n))](h[k])
  all = mean[n](p[n] + s[n] + mixed[n])
  y ~ normal(dot(v, all) + sum(h[root]), 1)
}`;

/** A recurrence over the predecessors of a DAG, and one back from its successors, with a feature of the edges. */
export const dag = `model dag : graph-to-graph {
  dim H = 2;  graph n
  input x[n] : [H];  input e[n, k in preds(n)]
  random y[n]
  param W, U, V, b, q : [H], r : [H]
  f[n, k in preds(n)] = tanh(dot(q, h[k]) + e[n,k])
  h[n] : [H] = tanh(W @ x[n] + U @ sum[k in preds(n)](f[n,k] * h[k]) + b)
  g[n] : [H] = tanh(V @ g2[n] + h[n])
  g2[n] = sum[k in succs(n)](g[k] + x[n])
  y[n] ~ normal(dot(r, g[n]), 1)
}`;

/** A sequence at every node. */
export const overTime = `model m {
  dim H = 2
  tree n
  axis t < T
  input x[n] : [H]
  input s[t] : [H]
  random y
  param W : [H, H], U : [H, H], h0 : [H] ~ uniform(-1, 1)
  h[n,t] : [H] = tanh(W @ x[n] + s[t] + U @ h[n,t-1] + sum[k in kids(n)](h[k,t]))
  h[n,-1] = h0 * x[n]
  y ~ normal(sum(h[root,T-1]), 1)
}`;

/** Every node of one tree with every node of another. */
export const twoTrees = `model m {
  dim H = 2
  tree n
  tree m
  input x[n] : [H]
  input z[m] : [H]
  random y
  d[n,m] = dot(x[n], z[m]) + sum[k in kids(n)](0.5 * d[k,m]) + sum[j in kids(m)](0.25 * d[n,j])
  y ~ normal(d[root,root] + sum[n](sum[m](if n == root then d[n,m] else 0)), 1)
}`;

/** Attention of a sequence over the nodes of a graph. */
export const attended = `model m : graph-to-many {
  vocab W = ["a", "b"]
  dim H = 2
  graph n
  axis t < T until y[t] == EOS
  input x[n] : [H]
  random y[t] : W
  param U : [H, H], E : [H, W], Wo : [W, H]
  h[n] : [H] = tanh(x[n] + U @ sum[k in preds(n)](h[k]))
  q[t] : [H] = tanh(E @ y[t-1] + g[t-1])
  a[t,n] = softmax[n](dot(q[t], h[n]))
  g[t] = sum[n](a[t,n] * h[n])
  g[-1] = 0
  y[-1] = BOS
  y[t] ~ categorical(Wo @ g[t])
}`;
