"""Variables of a TensorFlow SavedModel: an index of names beside one file of numbers. TensorFlow is not needed.

    variables.index                  sorted table (LevelDB's format, not compressed): name -> dtype, shape, place, CRC
    variables.data-00000-of-00001    the arrays, one after the other

Layout of the table: blocks of entries whose keys omit what they share with the key before; a block of pointers to the
blocks; a footer of 48 bytes that says where that one is. Entries and values are protocol buffers.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from avmeter.errors import WeightsError
from avmeter.weights.channels_last import to_channels_first
from avmeter.weights.crc32c import crc32c, unmasked

_FOOTER_BYTES = 48
_MAGIC = 0xDB4775248B80FB57
_CHECKSUM_BYTES = 5  # behind every block: its compression, and the CRC-32C of both
_FLOAT32 = 1
_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"  # how variables hang together; no tensor
_ATTRIBUTE = "/.ATTRIBUTES/VARIABLE_VALUE"


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where an array lies in the file of numbers."""

    dtype: int
    shape: tuple[int, ...]
    offset: int
    size: int
    checksum: int


def read_tensorflow_variables(data: Path, index: Path) -> dict[str, Tensor]:
    """Return name -> tensor of all float32 variables, checked against their CRC-32C, in PyTorch's order of axes.

    Args:
        data: The only file of numbers.
        index: The table of names.

    Raises:
        WeightsError: One of the files is damaged or of another kind, or they do not belong together.
    """
    try:
        places = dict(_entries(index.read_bytes()))
        content = data.read_bytes()
        return dict(
            to_channels_first(name.removesuffix(_ATTRIBUTE), _tensor(name, place, content))
            for name, place in places.items()
            if name != _OBJECT_GRAPH and place.dtype == _FLOAT32
        )
    except (ValueError, IndexError, struct.error) as error:
        raise WeightsError(f"{index}: not the variables of a SavedModel ({error})") from error


def _tensor(name: str, place: _Place, content: bytes) -> Tensor:
    part = content[place.offset : place.offset + place.size]
    if len(part) != 4 * math.prod(place.shape) or crc32c(part) != unmasked(place.checksum):
        raise ValueError(f"the checksum of {name} differs")
    return torch.from_numpy(np.frombuffer(part, "<f4").reshape(place.shape).copy())


def _entries(table: bytes) -> Iterator[tuple[str, _Place]]:
    if len(table) < _FOOTER_BYTES or struct.unpack("<Q", table[-8:])[0] != _MAGIC:
        raise ValueError("no table")
    footer = table[-_FOOTER_BYTES:]
    _, at = _handle(footer, 0)  # of the block of statistics
    pointers, _ = _handle(footer, at)
    for _, pointer in _block(table, *pointers):
        place, _ = _handle(pointer, 0)
        for key, value in _block(table, *place):
            if key:  # the empty name has the header
                yield key.decode(), _place(value)


def _handle(buffer: bytes, at: int) -> tuple[tuple[int, int], int]:
    """Return (offset, size) of a block, and where the handle ends."""
    offset, at = _varint(buffer, at)
    size, at = _varint(buffer, at)
    return (offset, size), at


def _block(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the entries of a block: key and value."""
    block, trailer = table[offset : offset + size], table[offset + size : offset + size + _CHECKSUM_BYTES]
    if trailer[0] != 0:
        raise ValueError("a compressed block")
    if crc32c(block + trailer[:1]) != unmasked(struct.unpack("<I", trailer[1:])[0]):
        raise ValueError("the checksum of a block differs")
    (num_restarts,) = struct.unpack("<I", block[-4:])
    end, at, key = len(block) - 4 - 4 * num_restarts, 0, b""
    while at < end:
        shared, at = _varint(block, at)
        own, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + own]
        yield key, block[at + own : at + own + length]
        at += own + length


def _place(message: bytes) -> _Place:
    """Return the fields of a `BundleEntryProto`: dtype 1, shape 2, shard 3, offset 4, size 5, crc32c 6."""
    found = dict(_fields(message))
    if found.get(3, 0) != 0:
        raise ValueError("several files of numbers")
    shape = tuple(
        int(dict(_fields(_bytes(dim))).get(1, 0)) for number, dim in _fields(_bytes(found.get(2, b""))) if number == 2
    )
    numbers = [_int(found.get(number, 0)) for number in (1, 4, 5, 6)]
    return _Place(dtype=numbers[0], shape=shape, offset=numbers[1], size=numbers[2], checksum=numbers[3])


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of the fields of a protocol buffer."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        if tag & 7 == 0:
            value, at = _varint(message, at)
            yield tag >> 3, value
        elif tag & 7 == 2:
            length, at = _varint(message, at)
            yield tag >> 3, message[at : at + length]
            at += length
        elif tag & 7 == 5:
            yield tag >> 3, struct.unpack_from("<I", message, at)[0]
            at += 4
        else:
            raise ValueError(f"a field of wire type {tag & 7}")


def _bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("a number where a message belongs")
    return value


def _int(value: int | bytes) -> int:
    if not isinstance(value, int):
        raise ValueError("a message where a number belongs")
    return value


def _varint(buffer: bytes, at: int) -> tuple[int, int]:
    """Return a number of seven bits per byte, and where it ends."""
    value = shift = 0
    while True:
        byte = buffer[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
