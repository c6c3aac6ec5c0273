"""Values as strict JSON, and text that any file can hold."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Set
from typing import Any

import numpy as np

_MOST_BITS = 14_000  # of an integer that Python prints as decimal digits: 4300 of them

_COMPACT = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def to_jsonable(value: Any) -> Any:
    """Convert to dicts, lists, text, finite numbers, booleans and None. NaN and infinities become None."""
    kind = type(value)
    if kind is float:  # most of what a run has to write, and asked for before all that may only look like it
        return value if math.isfinite(value) else None
    if value is None or kind is bool:
        return value
    if kind is dict:
        return {k if type(k) is str and k.isascii() else encodable(str(k)): to_jsonable(v) for k, v in value.items()}
    if kind is list:
        return [to_jsonable(v) for v in value]
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
    if indent is None:
        return _COMPACT.encode(to_jsonable(value))
    return json.dumps(to_jsonable(value), ensure_ascii=False, allow_nan=False, indent=indent)
