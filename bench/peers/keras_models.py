"""Keras 3 on TensorFlow, without and with XLA."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np

from timing import config, measure

name, V, H, B, T, N, SECONDS = config()
layers = keras.layers
bodies = {
    "lm": lambda: [layers.LSTM(H, return_sequences=True), layers.Dense(V)],
    "gru": lambda: [layers.GRU(H, return_sequences=True), layers.Dense(V)],
    "tagger": lambda: [layers.Bidirectional(layers.LSTM(H, return_sequences=True)) for _ in range(2)]
    + [layers.Dense(16)],
}
if name not in bodies:
    raise SystemExit(f"there is no model {name}")
classes = 16 if name == "tagger" else V

for jit in (False, True):
    body = bodies[name]()
    model = keras.Sequential([keras.Input((T,), batch_size=B, dtype="int32"), layers.Embedding(V, V), *body])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(loss=loss, optimizer=keras.optimizers.Adam(2e-3), jit_compile=jit)
    x = np.random.randint(0, V, (B, T)).astype("int32")
    y = np.random.randint(0, classes, (B, T)).astype("int32")
    peer = f"keras on tensorflow{' with XLA' if jit else ''}"
    measure(peer, keras.__version__, lambda: model.train_on_batch(x, y), N, SECONDS)
