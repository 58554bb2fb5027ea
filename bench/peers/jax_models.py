"""JAX: `jit` of `lax.scan`, `value_and_grad`, and Adam written out."""

import jax
import jax.numpy as jnp
import numpy as np

from timing import config, measure

name, V, H, B, T, N, SECONDS = config()
rng = np.random.RandomState(0)


def uniform(*shape):
    k = H**-0.5
    return jnp.array(rng.uniform(-k, k, shape).astype("float32"))


def norm(x):
    """Without a gain, with the biased variance."""
    centred = x - x.mean(-1, keepdims=True)
    return centred / jnp.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)


def lstm(p, h, c, z):
    i, f, o, g = jnp.split(z, 4, 1)
    if "pi" in p:
        i, f = i + p["pi"] * c, f + p["pf"] * c
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    if "po" in p:
        o = o + p["po"] * c
    m = p["ac"] * norm(c) + p["bc"] if "ac" in p else c
    return jax.nn.sigmoid(o) * jnp.tanh(m), c


def loss(p, x, y):
    def step(state, z):
        r = state[0] @ p["wh"]
        h, c = lstm(p, *state, z + (p["ah"] * norm(r) if "ah" in p else r))
        return (h, c), h

    projected = p["wx"][x]
    if "ax" in p:
        projected = p["ax"] * norm(projected)
    zero = jnp.zeros((B, H))
    _, hs = jax.lax.scan(step, (zero, zero), projected + p["b"])
    logp = jax.nn.log_softmax(hs @ p["wy"] + p["by"])
    return -jnp.mean(jnp.take_along_axis(logp, y[..., None], 2))


@jax.jit
def update(p, m, v, n, x, y):
    value, g = jax.value_and_grad(loss)(p, x, y)
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
    scaled = lambda p, m, v: p - 2e-3 * (m / (1 - 0.9**n)) / (jnp.sqrt(v / (1 - 0.999**n)) + 1e-8)
    return jax.tree.map(scaled, p, m, v), m, v, value


params = dict(wx=uniform(V, 4 * H), wh=uniform(H, 4 * H), b=uniform(4 * H), wy=uniform(H, V), by=uniform(V))
if name == "layer-norm":
    params |= dict(ax=jnp.ones(4 * H), ah=jnp.ones(4 * H), ac=jnp.ones(H), bc=jnp.zeros(H))
elif name == "peephole":
    params |= dict(pi=uniform(H), pf=uniform(H), po=uniform(H))
elif name != "lm":
    raise SystemExit(f"there is no model {name}")
zeros = jax.tree.map(jnp.zeros_like, params)
x, y = (jnp.array(rng.randint(0, V, (T, B))) for _ in range(2))
state, count = (params, zeros, zeros), 0


def step():
    global state, count
    count += 1
    *state, value = update(*state, float(count), x, y)
    float(value)


cells = {"lm": "", "peephole": ", peephole cell", "layer-norm": ", layer-normalised cell"}
peer = f"jax jit lax.scan{cells[name]}"
measure(peer, jax.__version__, step, N, SECONDS)
