"""PyTorch: the models of specs/bench, with its fused layers where it has them and written out where it has none."""

import random

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from timing import config, generate, measure

name, V, H, B, T, N, SECONDS = config()


class LanguageModel(nn.Module):
    """A fused layer (`nn.LSTM`, `nn.GRU`) over embeddings of size V, and a softmax."""

    def __init__(self, layer):
        super().__init__()
        self.embed, self.layer, self.out = nn.Embedding(V, V), layer(V, H), nn.Linear(H, V)

    def forward(self, x):
        return self.out(self.layer(self.embed(x))[0])


class CustomCell(nn.Module):
    """The LSTM as equations, step by step: what a cell costs that the library does not have."""

    def __init__(self):
        super().__init__()
        self.embed, self.out = nn.Embedding(V, V), nn.Linear(H, V)
        self.wx, self.wh = nn.Linear(V, 4 * H), nn.Linear(H, 4 * H, bias=False)

    def cell(self, x, h, c):
        i, f, o, g = (self.wx(x) + self.wh(h)).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

    def forward(self, x):
        e = self.embed(x)
        h = c = torch.zeros(x.shape[1], H)
        states = []
        for t in range(x.shape[0]):
            h, c = self.cell(e[t], h, c)
            states.append(h)
        return self.out(torch.stack(states))


class PeepholeCell(CustomCell):
    """The gates see the memory, that of the output the new one."""

    def __init__(self):
        super().__init__()
        self.pi, self.pf, self.po = (nn.Parameter(torch.rand(H) / 5 - 0.1) for _ in range(3))

    def cell(self, x, h, c):
        i, f, o, g = (self.wx(x) + self.wh(h)).chunk(4, 1)
        c = torch.sigmoid(f + self.pf * c) * c + torch.sigmoid(i + self.pi * c) * torch.tanh(g)
        return torch.sigmoid(o + self.po * c) * torch.tanh(c), c


class LayerNormCell(CustomCell):
    """Both products normalised, and the memory on its way out."""

    def __init__(self):
        super().__init__()
        self.wx = nn.Linear(V, 4 * H, bias=False)
        self.nx, self.nh, self.nc = nn.LayerNorm(4 * H, bias=False), nn.LayerNorm(4 * H), nn.LayerNorm(H)

    def cell(self, x, h, c):
        i, f, o, g = (self.nx(self.wx(x)) + self.nh(self.wh(h))).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(self.nc(c)), c


class Tagger(nn.Module):
    labels = 16

    def __init__(self):
        super().__init__()
        self.embed, self.out = nn.Embedding(V, V), nn.Linear(2 * H, self.labels)
        self.layers = nn.LSTM(V, H, num_layers=2, bidirectional=True)

    def forward(self, x):
        return self.out(self.layers(self.embed(x))[0])


class Seq2Seq(nn.Module):
    """Attention with general scores and input feeding: the fused GRU reads, `nn.GRUCell` writes step by step."""

    def __init__(self):
        super().__init__()
        self.embed_in, self.embed_out = nn.Embedding(V, V), nn.Embedding(V, V)
        self.encoder, self.decoder = nn.GRU(V, H), nn.GRUCell(V + H, H)
        self.score, self.mix, self.out = nn.Linear(H, H, bias=False), nn.Linear(2 * H, H, bias=False), nn.Linear(H, V)

    def forward(self, x, y):
        states, last = self.encoder(self.embed_in(x))
        memory = states.transpose(0, 1)
        keys = self.score(memory)
        before = self.embed_out(torch.cat([torch.zeros_like(y[:1]), y[:-1]]))
        q, o, outs = last[0], torch.zeros(x.shape[1], H), []
        for t in range(y.shape[0]):
            q = self.decoder(torch.cat([before[t], o], 1), q)
            a = torch.softmax(torch.bmm(keys, q.unsqueeze(2)).squeeze(2), 1)
            g = torch.bmm(a.unsqueeze(1), memory).squeeze(1)
            o = torch.tanh(self.mix(torch.cat([g, q], 1)))
            outs.append(o)
        return self.out(torch.stack(outs))


class TreeLSTM(nn.Module):
    """Child-sum, node by node: trees of a batch have different shapes."""

    labels = 5

    def __init__(self):
        super().__init__()
        self.embed, self.out = nn.Embedding(V, V), nn.Linear(H, self.labels)
        self.w, self.u = nn.Linear(V, 3 * H), nn.Linear(H, 3 * H, bias=False)
        self.wf, self.uf = nn.Linear(V, H), nn.Linear(H, H, bias=False)

    def node(self, x, hs, cs):
        m = hs.sum(0)
        i, o, u = (self.w(x) + self.u(m)).chunk(3)
        f = torch.sigmoid(self.wf(x) + self.uf(hs))
        c = torch.sigmoid(i) * torch.tanh(u) + (f * cs).sum(0)
        return torch.sigmoid(o) * torch.tanh(c), c

    def forward(self, trees, x):
        none, states = torch.zeros(0, H), []
        for tree, words in zip(trees, self.embed(x)):
            h, c = {}, {}
            for n, children in enumerate(tree):  # children stand before their parents
                hs = torch.stack([h[k] for k in children]) if children else none
                cs = torch.stack([c[k] for k in children]) if children else none
                h[n], c[n] = self.node(words[n], hs, cs)
            states += [h[n] for n in range(len(tree))]
        return self.out(torch.stack(states))


def random_tree(count, rng):
    """The children of each node, the root last; no node has more than two."""
    children = [[] for _ in range(count)]
    for n in range(count - 2, -1, -1):
        children[rng.choice([p for p in range(n + 1, count) if len(children[p]) < 2])].append(n)
    return children


def tokens(below, *shape):
    return torch.randint(0, below, shape)


def each_thread_count():
    """All threads, then one: small products are faster without the others, and the better of the two counts."""
    for threads in sorted({torch.get_num_threads(), 1}, reverse=True):
        torch.set_num_threads(threads)
        yield SECONDS / 2


def train(peer, model, forward, targets):
    threads = torch.get_num_threads()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def step():
        optimizer.zero_grad()
        logits = forward()
        loss = cross_entropy(logits.reshape(-1, logits.shape[-1]), targets.reshape(-1))
        loss.backward()
        optimizer.step()
        loss.item()

    for seconds in each_thread_count():
        measure(peer, torch.__version__, step, N, seconds)
    torch.set_num_threads(threads)


def language_model(peer, model):
    x, y = tokens(V, T, B), tokens(V, T, B)
    train(peer, model, lambda: model(x), y)


if name == "lm":
    language_model("torch nn.LSTM", LanguageModel(nn.LSTM))
    language_model("torch custom cell", CustomCell())
elif name == "peephole":
    language_model("torch peephole cell", PeepholeCell())
elif name == "layer-norm":
    language_model("torch layer-normalised cell", LayerNormCell())
elif name == "gru":
    language_model("torch nn.GRU", LanguageModel(nn.GRU))
elif name == "tagger":
    model, x = Tagger(), tokens(V, T, B)
    train("torch nn.LSTM, 2 layers both ways", model, lambda: model(x), tokens(Tagger.labels, T, B))
elif name == "seq2seq":
    model, x, y = Seq2Seq(), tokens(V, T, B), tokens(V, T, B)
    train("torch attention", model, lambda: model(x, y), y)
elif name == "tree":
    rng = random.Random(1)
    model, trees, x = TreeLSTM(), [random_tree(T, rng) for _ in range(B)], tokens(V, B, T)
    train("torch tree-LSTM, node by node", model, lambda: model(trees, x), tokens(TreeLSTM.labels, B, T))
elif name == "generate":
    embed, cell, out = nn.Embedding(V, V), nn.LSTMCell(V, H), nn.Linear(H, V)

    @torch.no_grad()
    def run():
        x = torch.zeros(B, dtype=torch.long)
        state = (torch.zeros(B, H), torch.zeros(B, H))
        drawn = []
        for _ in range(T):
            state = cell(embed(x), state)
            x = torch.multinomial(torch.softmax(out(state[0]), 1), 1).squeeze(1)
            drawn.append(x)
        torch.stack(drawn).numpy()

    for seconds in each_thread_count():
        generate("torch nn.LSTMCell, step by step", torch.__version__, run, B * T, N, seconds)
else:
    raise SystemExit(f"there is no model {name}")
