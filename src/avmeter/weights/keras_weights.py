"""Weights that Keras wrote as HDF5 (`save_weights`, or a whole model), bare or packed by gzip.

Keras names a layer by its kind and a number, which depends on what the program built before it and on the version of
Keras. Here layers of one kind are counted from 1 in the order of the file, as Keras itself reads it, so that a layer
has one name whoever wrote the file:

    layer_names: batch_normalization, conv2d_7, conv2d_8, embedding
    here:        batch_normalization_1, conv2d_1, conv2d_2, embedding
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avmeter.errors import MissingDependencyError, WeightsError
from avmeter.weights.channels_last import to_channels_first

_GZIP = b"\x1f\x8b"
_MAX_BYTES = 1 << 32  # of what gzip unpacks: a small file can become one that fills the memory
_COUNTED = re.compile(r"(batch_normalization|conv2d|dense)(_\d+)?")
_NAMES = {"gamma": "weight"}  # beside those of `to_channels_first`


def read_keras_weights(path: Path) -> dict[str, Tensor]:
    """Return layer and weight, with a dot between, -> float32 tensor in PyTorch's order of axes.

    Raises:
        MissingDependencyError: h5py is not installed.
        WeightsError: It is another file, is damaged, or holds something else than float32 arrays.
    """
    try:
        import h5py
    except ImportError as error:
        raise MissingDependencyError(
            f"{path.name} is a file of Keras, which needs the package h5py", hint="pip install 'avmeter[openl3]'"
        ) from error
    try:
        with h5py.File(_unpacked(path), "r") as file:
            root = file.get("model_weights", file)  # of a whole model
            return dict(_tensors(root))
    except (OSError, EOFError, zlib.error, KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise WeightsError(f"{path}: not a file of weights that Keras wrote ({error})") from error


def _unpacked(path: Path) -> Any:
    """Return the path, or what is packed in its file as a stream in memory."""
    with path.open("rb") as stream:
        if stream.read(len(_GZIP)) != _GZIP:
            return path
    with gzip.open(path) as packed:
        content = packed.read(_MAX_BYTES)
        if packed.read(1):
            raise ValueError(f"it unpacks to more than {_MAX_BYTES:,} bytes")
    return io.BytesIO(content)


def _tensors(root: Any) -> Iterator[tuple[str, Tensor]]:
    counts: Counter[str] = Counter()
    for layer in map(_text, root.attrs["layer_names"]):
        weights = [_text(name) for name in root[layer].attrs["weight_names"]]
        if not weights:
            continue
        kind = _COUNTED.fullmatch(layer)
        if kind:
            counts[kind[1]] += 1
        own = f"{kind[1]}_{counts[kind[1]]}" if kind else layer
        for name in weights:
            array = np.asarray(root[layer][name])
            if array.dtype != np.float32:
                raise ValueError(f"{layer}/{name} is {array.dtype}, not float32")
            last = name.rpartition("/")[2].partition(":")[0]
            yield to_channels_first(f"{own}/{_NAMES.get(last, last)}", torch.from_numpy(array))


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name
