"""Features as bytes: a JSON header followed by raw array bytes. Nothing in a store can execute."""

from __future__ import annotations

import functools
import json
import math
import re
import struct
from typing import Any

import numpy as np

from avmeter.features.base import Features

_PLAIN_DTYPE = re.compile(r"[<>|][biufcSU]\d+")
_parse = json.JSONDecoder().raw_decode
# All that a header of another shape than ours can raise, however it came about.
_DAMAGE = (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError, struct.error)


def encode_features(features: Features) -> bytes:
    """Return the length of the header (uint32), a JSON header, then the arrays' bytes in its order.

    Raises:
        ValueError: A fact is no JSON value, or an array holds objects.
    """
    arrays = {k: np.ascontiguousarray(v) for k, v in features.arrays.items()}
    for name, array in arrays.items():
        _check_dtype(name, array.dtype.str)
    try:
        header = json.dumps(
            {
                "arrays": [[k, v.dtype.str, v.shape] for k, v in arrays.items()],
                "facts": features.facts,
                "dummy": features.dummy,
            },
            allow_nan=False,
        ).encode()
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    return b"".join([struct.pack("<I", len(header)), header, *(v.tobytes() for v in arrays.values())])


def decode_features(payload: bytes) -> Features:
    """Return the features that `encode_features` made these bytes of.

    Raises:
        ValueError: The payload is damaged, in whatever way.
    """
    try:
        return _decode(payload)
    except _DAMAGE as error:
        raise ValueError(f"the stored feature is damaged ({error})") from error


def _decode(payload: bytes) -> Features:
    (length,) = struct.unpack_from("<I", payload)
    header, end = _parse(text := payload[4 : 4 + length].decode())
    if end != len(text):
        raise ValueError("something stands behind its header")
    offset = 4 + length
    arrays: dict[str, Any] = {}
    for name, dtype, shape in header["arrays"]:
        kind = _dtype_of(name, dtype)
        if [size for size in shape if type(size) is not int or size < 0]:
            raise ValueError(f"{name} has no shape")
        count = math.prod(shape)
        arrays[name] = np.frombuffer(payload, kind, count, offset).reshape(shape).copy()
        offset += count * kind.itemsize
    if offset != len(payload):
        raise ValueError(f"it has {len(payload)} bytes, its header describes {offset}")
    facts, dummy = header["facts"], header["dummy"]
    if not isinstance(facts, dict) or not isinstance(dummy, bool):
        raise ValueError("its header is not one of this program")
    return Features(arrays=arrays, facts=facts, dummy=dummy)


@functools.lru_cache(maxsize=256)
def _dtype_of(name: str, dtype: str) -> np.dtype[Any]:
    _check_dtype(name, dtype)
    return np.dtype(dtype)


def _check_dtype(name: str, dtype: str) -> None:
    if not _PLAIN_DTYPE.fullmatch(dtype):
        raise ValueError(f"{name} is of type {dtype}: arrays of objects are not stored")
