"""Rebuilds the golden data of I3D by running i3d-jax. See README.md for versions.

    python make.py

i3d-jax, jax and flax are imported. The network gets the fill under the names by which ours reads its checkpoint.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import fill  # noqa: E402
import goldenio  # noqa: E402
import jax  # noqa: E402
from i3d_jax.i3d import InceptionI3d  # noqa: E402

LIMIT = 512
NAMES = {"kernel": "weight", "mean": "running_mean", "var": "running_var"}
LENGTHS = (10, 13)


def clip(num_frames):
    """(T, 224, 224, 3) from -1 to 1: moving waves and noise."""
    rng = np.random.RandomState(4)
    t, rows, columns = np.mgrid[:num_frames, :224, :224]
    waves = [np.sin(rows / 9 + t / 2), np.cos(columns / 14 - t / 3), np.sin((rows + columns) / 20 + t)]
    return np.clip(0.7 * np.stack(waves, -1) + 0.1 * rng.standard_normal((num_frames, 224, 224, 3)), -1, 1).astype("f4")


def filled(tree, parents=()):
    """The fill for every leaf of flax's variables, in flax's order of axes."""
    found = {}
    for name, value in tree.items():
        path = (*parents, name)
        if hasattr(value, "items"):
            found[name] = filled(value, path)
            continue
        last = NAMES.get(name, name)
        key = ".".join([*"/".join(parents).replace("/", ".").split("."), last])
        axes = (4, 3, 0, 1, 2) if value.ndim == 5 else tuple(range(value.ndim))
        inverse = (2, 3, 4, 1, 0) if value.ndim == 5 else axes
        made = fill.fill_value(key, tuple(value.shape[a] for a in axes))
        found[name] = np.ascontiguousarray(made.transpose(inverse))
    return found


def main():
    net = InceptionI3d()
    shapes = jax.eval_shape(lambda: net.init(jax.random.PRNGKey(0), np.zeros((1, LENGTHS[0], 224, 224, 3), "f4")))
    variables = filled(shapes)
    out = {}
    for num_frames in LENGTHS:
        frames = clip(num_frames)
        logits, stages = net.apply(variables, frames[None])
        for stage, value in {**stages, "logits": logits}.items():
            value = np.asarray(value)
            value = value.transpose(0, 4, 1, 2, 3) if value.ndim == 5 else value
            print(num_frames, stage, value.shape)
            if stage not in ("Logits", "Predictions"):
                goldenio.put(out, f"{num_frames}/{stage}", value, limit=LIMIT)
    np.savez_compressed(HERE / "fill.npz", **out)


if __name__ == "__main__":
    main()
