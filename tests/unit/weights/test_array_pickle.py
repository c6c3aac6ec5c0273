"""Pickles of arrays."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from avmeter.errors import WeightsError
from avmeter.weights.array_pickle import read_array_pickle


def write(path: Path, content: object) -> Path:
    path.write_bytes(pickle.dumps(content))
    return path


def test_nested_arrays_get_names_and_axes_of_pytorch(tmp_path) -> None:
    """Slashes and nesting become dots; statistics with axes of 1 become vectors."""
    content = {
        "params": {"a/b": {"kernel": np.zeros((3, 5, 7, 11), np.float32)}},
        "stats": {"n": {"mean": np.ones((1, 1, 1, 1, 4), np.float32)}},
    }
    found = read_array_pickle(write(tmp_path / "net.ckpt", content))
    assert {k: tuple(v.shape) for k, v in found.items()} == {
        "params.a.b.weight": (11, 7, 3, 5),
        "stats.n.running_mean": (4,),
    }


class Malicious:
    def __reduce__(self):
        return os.system, ("true",)


@pytest.mark.parametrize(
    "content", [Malicious(), {"a": Malicious()}, {"a": 1}, [1], {"a": np.zeros(3)}, {"a": np.array([None])}]
)
def test_anything_but_float_arrays_is_refused_and_not_run(content, tmp_path) -> None:
    """Code, numbers, lists, doubles, objects."""
    with pytest.raises(WeightsError, match="not a pickle of arrays alone"):
        read_array_pickle(write(tmp_path / "net.ckpt", content))


def test_damaged_file_is_named(tmp_path) -> None:
    """Cut in the middle."""
    path = write(tmp_path / "net.ckpt", {"a": np.zeros(100, np.float32)})
    path.write_bytes(path.read_bytes()[:80])
    with pytest.raises(WeightsError, match="not a pickle of arrays alone"):
        read_array_pickle(path)
