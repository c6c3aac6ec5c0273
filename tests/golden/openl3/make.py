"""Rebuilds the golden data of OpenL3 by running the published programs. See README.md for versions.

    TF_USE_LEGACY_KERAS=1 python make.py OPENL3 KAPRE STABLE_AUDIO_METRICS

The three are checkouts of marl/openl3, keunwoochoi/kapre and Stability-AI/stable-audio-metrics.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), *sys.argv[1:4]]

import fill  # noqa: E402
import goldenio  # noqa: E402
import openl3  # noqa: E402
import pyloudnorm  # noqa: E402
import resampy  # noqa: E402
import soundfile  # noqa: E402
import synth  # noqa: E402
import tensorflow as tf  # noqa: E402
from openl3.models import AUDIO_MODELS, AUDIO_POOLING_SIZES  # noqa: E402
from src.openl3_fd import extract_embeddings  # noqa: E402

LIMIT = 1024
FILES = {44_100: 2, 32_000: 1}  # rate and channels of the rows
NOTES = "Layers counted by kind as `read_keras_weights` counts them, with axes and names of PyTorch."
NAMES = {
    "kernel": "weight", "gamma": "weight", "bias": "bias", "beta": "bias",
    "moving_mean": "running_mean", "moving_variance": "running_var",
}  # fmt: skip
STAGES = {
    "": "mel", "max_pooling2d": "block1", "max_pooling2d_1": "block2", "max_pooling2d_2": "block3",
    "audio_embedding_layer": "block4",
}  # fmt: skip


def build(dtype):
    """The published network of mel256 with 512 values, filled; its layers' outputs; what fills it, by official name."""
    tf.keras.backend.clear_session()
    tf.keras.backend.set_floatx(dtype)
    body = AUDIO_MODELS["mel256"]()
    counts, filled = {}, {}
    for layer in body.layers:
        if not layer.weights:
            continue
        kind = layer.name.rstrip("0123456789").removesuffix("_")
        counts[kind] = counts.get(kind, 0) + 1
        stem = layer.name if kind == "audio_embedding_layer" else f"{kind}_{counts[kind]}"
        values = []
        for weight in layer.weights:
            key = f"{stem}.{NAMES[weight.name.rpartition('/')[2].removesuffix(':0')]}"
            shape = tuple(weight.shape)
            value = fill.fill_value(key, (shape[3], shape[2], *shape[:2]) if len(shape) == 4 else shape)
            filled[key] = value
            values.append(value.transpose(2, 3, 1, 0) if len(shape) == 4 else value)
        layer.set_weights(values)
    pooled = tf.keras.layers.MaxPooling2D(pool_size=AUDIO_POOLING_SIZES["mel256"][512], padding="same")(body.output)
    model = tf.keras.Model(inputs=body.input, outputs=tf.keras.layers.Flatten()(pooled))
    model.frontend = "kapre"
    # The mel spectrogram is a network inside: what leaves it is what enters the first norm.
    outputs = [body.layers[2].input, *(layer.output for layer in body.layers[2:] if layer.name in STAGES)]
    stages = tf.keras.Model(body.input, outputs)
    return model, stages, filled


def run(dtype, windows):
    model, stages, filled = build(dtype)
    found = dict(zip(STAGES.values(), stages.predict(windows, verbose=0), strict=True))
    found = {name: np.moveaxis(value, 3, 1) for name, value in found.items()}  # as PyTorch has them
    return model, filled, {**found, "embedding": model.predict(windows, verbose=0)}


def tiny_keras_file():
    """A file as `save_weights` writes it, of a convolution, a norm and a named layer, for the test of its reader."""
    tf.keras.backend.clear_session()
    tf.keras.backend.set_floatx("float32")
    layers = tf.keras.layers
    net = tf.keras.Sequential(
        [
            layers.Input((8, 8, 1)), layers.BatchNormalization(), layers.Conv2D(2, 3), layers.BatchNormalization(),
            layers.Conv2D(3, 3, name="audio_embedding_layer"),
        ]
    )  # fmt: skip
    rng = np.random.default_rng(3)
    net.set_weights([rng.random(w.shape).astype(np.float32) for w in net.weights])
    net.save_weights(HERE / "keras.h5", save_format="h5")
    return {f"keras/{i}": w for i, w in enumerate(net.get_weights())}


def main():
    wave = synth.chirp_noise(48_000, 1.5, seed=2)
    windows = openl3.core.preprocess_audio(wave, 48_000, hop_size=0.5)
    exact = run("float64", windows)[2]
    model, filled, found = run("float32", windows)
    goldenio.write_keys("openl3", NOTES, filled)
    out = {}
    for stage, value in found.items():
        goldenio.put(out, f"chirp/{stage}", value, limit=LIMIT)
        print(stage, value.shape, f"{np.abs(value - exact[stage]).max() / np.abs(exact[stage]).max():.1e}")
    goldenio.put(out, "resampled", resampy.resample(synth.chirp_noise(44_100, 1, seed=3), 44_100, 48_000), limit=LIMIT)
    openl3.models.load_audio_embedding_model = lambda **_: model
    published_peak = pyloudnorm.normalize.peak
    for rate, channels in FILES.items():
        with tempfile.TemporaryDirectory() as folder:
            left, right = (synth.chirp_noise(rate, 1.3, seed=seed) for seed in (4, 5))
            soundfile.write(f"{folder}/stereo.wav", np.stack((left, 0.3 * right), axis=1), rate, subtype="FLOAT")
            rows = {}
            for dtype in ("float32", "float64"):
                # A gain leaves float32 sound as it is in NumPy 1, which the program asks for, and widens it in NumPy 2.
                pyloudnorm.normalize.peak = lambda sound, level, dtype=dtype: published_peak(sound, level).astype(dtype)
                rows[dtype] = np.array(extract_embeddings(f"{folder}/*.wav", channels, 44_100, "env", 0.5, batch_size=4))
                goldenio.put(out, f"file/{rate}/{dtype}", rows[dtype], limit=4 * LIMIT)
        distance = np.abs(rows["float32"] - rows["float64"]).max() / np.abs(rows["float64"]).max()
        print("file", rate, rows["float32"].shape, f"{distance:.1e}")
    out |= tiny_keras_file()
    np.savez_compressed(HERE / "fill.npz", **out)


if __name__ == "__main__":
    main()
