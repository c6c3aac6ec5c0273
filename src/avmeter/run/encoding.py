"""Values as strict JSON, text that any file can hold, and files that appear complete or not at all."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import secrets
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

import numpy as np

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def to_jsonable(value: Any) -> Any:
    """Convert to dicts, lists, text, finite numbers, booleans and None. NaN and infinities become None."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return encodable(str(value))
    if isinstance(value, int):
        return int(value)
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


def spreadsheet_cell(text: str) -> str:
    """Return text that a spreadsheet does not compute: an apostrophe precedes a leading formula sign."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def write_atomically(path: Path, content: bytes | str) -> None:
    """Replace `path` with this content; at no time does it hold a part of it."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
