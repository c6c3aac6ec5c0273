"""Pickles of nested dictionaries of NumPy arrays, as JAX programs write them: read without running what they name."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy._core import multiarray
from torch import Tensor

from avmeter.errors import WeightsError
from avmeter.weights.channels_last import to_channels_first

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
            content = _ArrayUnpickler(stream).load()
        return dict(to_channels_first(name, torch.from_numpy(array)) for name, array in _flat(content, ()))
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError, IndexError, KeyError) as error:
        raise WeightsError(f"{path}: not a pickle of arrays alone ({error})") from error


def _flat(content: Any, parents: tuple[str, ...]) -> Iterator[tuple[str, np.ndarray]]:
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield from _flat(value, (*parents, str(key)))
        return
    if not isinstance(content, np.ndarray) or content.dtype != np.float32:
        raise ValueError(f"{'/'.join(parents) or 'the content'} is no array of float32")
    yield "/".join(parents), content
