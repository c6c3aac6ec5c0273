"""Constant tensors of a TensorFlow Lite file, read without running the program in it.

The file is a FlatBuffer: tables whose fields are found through a list of offsets, vectors with their length in front,
all little-endian. Of the schema (version 3) only this is read:

    Model.subgraphs[0].tensors[]    shape, type, buffer, name
    Model.buffers[]                 data; empty for what the program computes

Source: github.com/tensorflow/tensorflow, `tensorflow/compiler/mlir/lite/schema/schema.fbs`, Apache-2.0.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avmeter.errors import WeightsError

_TYPES: dict[int, np.dtype[Any]] = {0: np.dtype("<f4"), 1: np.dtype("<f2"), 2: np.dtype("<i4"), 4: np.dtype("<i8")}
_VERSION = 3
_SUBGRAPHS, _BUFFERS = 2, 4  # fields of Model
_TENSORS = 0  # field of SubGraph
_SHAPE, _TYPE, _BUFFER, _NAME = 0, 1, 2, 3  # fields of Tensor
_NAMES = {"Kernel": "weight", "Bias": "bias", "Alpha": "weight"}


def read_tflite_tensors(path: Path) -> dict[str, Tensor]:
    """Return the constant tensors of the first graph as float32 or integers, with PyTorch's names and axes.

    A kernel (out, height, width, in) becomes (out, in, height, width), and one of a depthwise convolution
    (1, height, width, channels) becomes (channels, 1, height, width); slopes (1, 1, channels) become (channels,).

    Raises:
        WeightsError: It is no such file, or is cut off.
    """
    content = path.read_bytes()
    if content[4:8] != b"TFL3":
        raise WeightsError(f"{path}: no TensorFlow Lite file", hint="check it: `avmeter weights verify`")
    try:
        return dict(_constants(_Table(content, struct.unpack_from("<I", content, 0)[0])))
    except (struct.error, ValueError, IndexError, KeyError) as error:
        raise WeightsError(f"{path}: damaged: {error}", hint="delete it and fetch it again") from error


def _constants(model: _Table) -> Iterator[tuple[str, Tensor]]:
    version = model.integer(0, "<I")
    if version != _VERSION:
        raise ValueError(f"version {version} of the schema, not {_VERSION}")
    buffers = model.tables(_BUFFERS)
    for tensor in model.tables(_SUBGRAPHS)[0].tables(_TENSORS):
        data = buffers[tensor.integer(_BUFFER, "<I")].bytes(0)
        kind = tensor.integer(_TYPE, "<b")
        if not data or kind not in _TYPES:
            continue
        values = np.frombuffer(data, _TYPES[kind]).reshape(np.frombuffer(tensor.bytes(_SHAPE, 4), "<i4"))
        yield _as_pytorch(tensor.bytes(_NAME).decode(), values)


def _as_pytorch(name: str, values: np.ndarray) -> tuple[str, Tensor]:
    *parents, last = name.split("/")
    if values.dtype.kind == "f":
        values = values.astype(np.float32)
    if last == "Kernel" and values.ndim == 4:
        is_depthwise = parents[-1].startswith("depthwise")
        values = values.transpose((3, 0, 1, 2) if is_depthwise else (0, 3, 1, 2))
    if last == "Alpha":
        values = values.ravel()
    return ".".join([*parents, _NAMES.get(last, last)]), torch.from_numpy(np.array(values, order="C"))


class _Table:
    """A table of a FlatBuffer, by its place."""

    def __init__(self, content: bytes, place: int) -> None:
        self._content = content
        self._place = place

    def integer(self, field: int, form: str) -> int:
        """Return a number; 0 where the field is absent."""
        at = self._at(field)
        return 0 if at is None else int(struct.unpack_from(form, self._content, at)[0])

    def bytes(self, field: int, item_bytes: int = 1) -> bytes:
        """Return the content of a vector or string; empty where the field is absent."""
        found = self._vector(field)
        if found is None:
            return b""
        start, count = found
        stop = start + count * item_bytes
        if stop > len(self._content):
            raise ValueError(f"a vector ends at byte {stop} of {len(self._content)}")
        return self._content[start:stop]

    def tables(self, field: int) -> list[_Table]:
        """Return the tables of a vector."""
        start, count = self._vector(field) or (0, 0)
        return [_Table(self._content, self._target(start + 4 * i)) for i in range(count)]

    def _vector(self, field: int) -> tuple[int, int] | None:
        at = self._at(field)
        if at is None:
            return None
        start = self._target(at)
        return start + 4, struct.unpack_from("<I", self._content, start)[0]

    def _target(self, at: int) -> int:
        return at + int(struct.unpack_from("<I", self._content, at)[0])

    def _at(self, field: int) -> int | None:
        """Return where a field stands, None if the table does not have it."""
        listing = self._place - struct.unpack_from("<i", self._content, self._place)[0]
        if 4 + 2 * field >= struct.unpack_from("<H", self._content, listing)[0]:
            return None
        offset = struct.unpack_from("<H", self._content, listing + 4 + 2 * field)[0]
        return self._place + offset if offset else None
