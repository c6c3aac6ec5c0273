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


def test_dictionary_saved_by_numpy_is_read_as_if_it_were_bare(tmp_path) -> None:
    """An array of one object; anything else in such a file is refused, unread."""
    path = tmp_path / "net.npy"
    np.save(path, {"conv": {"weights": np.zeros((8, 1, 3, 5), np.float32)}}, allow_pickle=True)
    assert {k: tuple(v.shape) for k, v in read_array_pickle(path).items()} == {"conv.weights": (5, 3, 8, 1)}
    for content in (np.zeros(3), np.array([{}], object), np.array(Malicious(), object)):
        np.save(path, content, allow_pickle=True)
        with pytest.raises(WeightsError, match="not a pickle of arrays alone"):
            read_array_pickle(path)
