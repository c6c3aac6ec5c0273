"""Values as strict JSON, and text that any file can hold."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Set
from typing import Any

import numpy as np

_MOST_BITS = 14_000  # of an integer that Python prints as decimal digits: 4300 of them


def to_jsonable(value: Any) -> Any:
    """Convert to dicts, lists, text, finite numbers, booleans and None. NaN and infinities become None."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return encodable(str(value))
    if isinstance(value, int):
        return int(value) if value.bit_length() <= _MOST_BITS else hex(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.generic | np.ndarray):
        return to_jsonable(value.tolist())
    if isinstance(value, Mapping):
        return {encodable(str(k)): to_jsonable(v) for k, v in value.items()}
    if isinstance(value, Set):
        return sorted((to_jsonable(v) for v in value), key=str)
    if isinstance(value, list | tuple):
        return [to_jsonable(v) for v in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_jsonable(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if hasattr(value, "tolist"):
        return to_jsonable(value.tolist())
    return encodable(str(value))


def encodable(text: str) -> str:
    """Replace lone surrogates, which file names of undecodable bytes contain and UTF-8 cannot hold."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def to_json(value: Any, *, indent: int | None = None) -> str:
    """Return strict JSON of any value, after `to_jsonable`."""
    return json.dumps(to_jsonable(value), ensure_ascii=False, allow_nan=False, indent=indent)
