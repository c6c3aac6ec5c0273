"""Rebuilds the golden data of SoundNet by running the published graph. See README.md for versions.

    python make.py SOUNDNET_TENSORFLOW SOUND8_NPY

SOUNDNET_TENSORFLOW is a checkout of eborboihuc/SoundNet-tensorflow. Its `model.py` and `ops.py` build the graph; what
they call of TensorFlow 1 (ten functions) is done by PyTorch here, in float32 or float64, at once instead of in a session.
"""

from __future__ import annotations

import contextlib
import sys
import types
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

HERE = Path(__file__).parent
CHECKOUT, WEIGHTS = map(Path, sys.argv[1:3])
sys.path[:0] = [str(HERE.parent), str(CHECKOUT)]

import fill  # noqa: E402
import goldenio  # noqa: E402
import synth  # noqa: E402

RATE = 22_050
LIMIT = 512
NOTES = "Layout of sound8.npy as `read_array_pickle` reads it: axes and names of PyTorch."
NAMES = {"beta": "bias", "mean": "running_mean", "var": "running_var"}
DTYPE = torch.float32
scopes: list[str] = []
variables: dict[str, np.ndarray] = {}
waveform: list[torch.Tensor] = []


@contextlib.contextmanager
def variable_scope(name, **_):
    """Names of variables begin with those of the scopes."""
    scopes.append(name)
    yield
    scopes.pop()


def get_variable(name, shape, **_):
    """The value of a variable, checked for its shape."""
    value = variables[f"{scopes[-1]}/{name}"]
    assert list(value.shape) == list(shape)
    return torch.from_numpy(value).to(DTYPE)


def channels_last(operation):
    """An operation on (B, C, H, W) as one on (B, H, W, C)."""
    return lambda x, *args: operation(x.permute(0, 3, 1, 2), *args).permute(0, 2, 3, 1)


def conv2d(x, kernel, strides, padding, **_):
    assert padding == "VALID"
    kernel = kernel.permute(3, 2, 0, 1)
    return channels_last(lambda y: functional.conv2d(y, kernel, stride=tuple(strides[1:3])))(x)


def max_pool(x, size, strides, padding, **_):
    assert padding == "VALID"
    return channels_last(lambda y: functional.max_pool2d(y, tuple(size[1:3]), tuple(strides[1:3])))(x)


tf = types.ModuleType("tensorflow")
tf.float32 = "float32"
tf.variable_scope, tf.get_variable = variable_scope, get_variable
tf.truncated_normal_initializer = tf.constant_initializer = lambda *_, **__: None
tf.placeholder = lambda *_, **__: waveform[0]
tf.pad = lambda x, pads, _: functional.pad(x, [edge for pair in reversed(pads) for edge in pair])
tf.nn = types.SimpleNamespace(
    conv2d=conv2d,
    max_pool=max_pool,
    relu=lambda x, **_: functional.relu(x),
    batch_normalization=lambda x, mean, var, beta, gamma, eps, **_: (x - mean) / torch.sqrt(var + eps) * gamma + beta,
)
sys.modules["tensorflow"] = tf

from model import Model  # noqa: E402

LAYERS = {4: "conv1", 8: "conv2", 11: "conv3", 14: "conv4", 18: "conv5", 21: "conv6", 24: "conv7"}
HEADS = {25: "objects", 26: "scenes"}


def run(samples):
    """Outputs of every layer, (1, C, T)."""
    waveform[:] = [torch.from_numpy(256 * samples).to(DTYPE)[None, :, None, None]]
    with contextlib.redirect_stdout(None):
        layers = Model(session=None).layers
    return {name: layers[i][:, :, 0].transpose(1, 2).numpy() for i, name in (LAYERS | HEADS).items()}


def main():
    global DTYPE
    trained = np.load(WEIGHTS, encoding="latin1", allow_pickle=True).item()
    variables.update({f"{layer}/{name}": value for layer, held in trained.items() for name, value in held.items()})
    keys = {}
    for name, value in variables.items():
        layer, last = name.split("/")
        shape = value.transpose(3, 2, 0, 1).shape if value.ndim == 4 else value.shape
        keys[f"{layer}.{NAMES.get(last, last)}"] = (name, shape)
    state = {key: np.broadcast_to(np.float32(0), shape) for key, (_, shape) in keys.items()}
    goldenio.write_keys("soundnet", NOTES, state)
    samples = synth.chirp_noise(RATE, 20, seed=6)
    out = {f"trained/{name}": value[0].mean(axis=1) for name, value in run(samples).items() if name in HEADS.values()}
    for key, (name, shape) in keys.items():
        value = fill.fill_value(key, tuple(shape))
        variables[name] = value.transpose(2, 3, 1, 0) if value.ndim == 4 else value
    found = run(samples)
    DTYPE = torch.float64
    exact = run(samples)
    for stage, value in found.items():
        goldenio.put(out, f"fill/{stage}", value, limit=LIMIT)
        print(stage, value.shape, f"{np.abs(value - exact[stage]).max() / np.abs(exact[stage]).max():.1e}")
    np.savez_compressed(HERE / "fill.npz", **out)


if __name__ == "__main__":
    main()
