"""Pickles of nested dictionaries of NumPy arrays, as JAX programs and `numpy.save` write them.

They are read without running what they name.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy._core import multiarray
from torch import Tensor

from avmeter.errors import WeightsError
from avmeter.weights.channels_last import to_channels_first

_NPY = b"\x93NUMPY"
# NumPy's core was renamed; old files have the old name.
_ALLOWED = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): multiarray._reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): multiarray._reconstruct,
}


class _ArrayUnpickler(pickle.Unpickler):
    """Makes arrays and what pickles have built in, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is no array")
        return _ALLOWED[module, name]


def read_array_pickle(path: Path) -> dict[str, Tensor]:
    """Return name -> tensor in PyTorch's order of axes; the keys of nested dictionaries are joined by dots.

    Raises:
        WeightsError: It holds something else than dictionaries of float32 arrays, or is damaged.
    """
    try:
        with path.open("rb") as stream:
            content = (
                _read_npy(stream) if stream.peek(len(_NPY))[: len(_NPY)] == _NPY else _ArrayUnpickler(stream).load()
            )
        return dict(to_channels_first(name, torch.from_numpy(array)) for name, array in _flat(content, ()))
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError, IndexError, KeyError) as error:
        raise WeightsError(f"{path}: not a pickle of arrays alone ({error})") from error


def _read_npy(stream: BinaryIO) -> Any:
    """Return the one object of an array of objects, as `numpy.save` writes a dictionary, of Python 2 too."""
    version = np.lib.format.read_magic(stream)
    read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
    shape, _, dtype = read_header(stream)
    if shape != () or not dtype.hasobject:
        raise ValueError(f"an array {shape} of {dtype}, not one object")
    content = _ArrayUnpickler(stream, encoding="latin1").load()
    return content.item() if isinstance(content, np.ndarray) and content.shape == () else content


def _flat(content: Any, parents: tuple[str, ...]) -> Iterator[tuple[str, np.ndarray]]:
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield from _flat(value, (*parents, str(key)))
        return
    if not isinstance(content, np.ndarray) or content.dtype != np.float32:
        raise ValueError(f"{'/'.join(parents) or 'the content'} is no array of float32")
    yield "/".join(parents), content
