"""Values of annotated types as JSON and plain arrays, and back.

The types come from the program, never from the file: what is read is checked against the annotations of the class that
it is for. Numbers keep all their bits: JSON has the shortest text that gives the same float, arrays have the bytes.

    bool, int, float, str, None      themselves
    enumerations of text             their value
    tuple, list, set                 a list; sets sorted
    list of arrays                   {"array": number, "sizes": [rows of each]}, or {"arrays": [numbers]}
    dict, Counter                    [keys, values], in order; arrays as in a list of arrays
    dataclass                        {field: value}
    array                            {"array": number}
"""

from __future__ import annotations

import dataclasses
import types
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

_SCALARS = (bool, int, float, str)


class UnwritableError(TypeError):
    """A type that has no written form here."""


def check_type(hint: Any) -> None:
    """Make sure that values of a type can be written.

    Raises:
        UnwritableError: They cannot, because of this type or of one that it is made of.
    """
    for inner in _inner_types(hint):
        check_type(inner)


def _inner_types(hint: Any) -> tuple[Any, ...]:
    """Return the types that a type is made of; none for what is written as it is."""
    origin, arguments = get_origin(hint) or hint, get_args(hint)
    if origin in (Union, types.UnionType, tuple):
        return tuple(a for a in arguments if a is not Ellipsis)
    if origin in (list, set, dict, Counter):
        if not arguments:
            raise UnwritableError(f"{hint}: what it holds is not annotated")
        return arguments
    if dataclasses.is_dataclass(hint):
        return tuple(_fields(hint).values())
    if origin in (np.ndarray, Literal) or hint in (*_SCALARS, None, type(None)) or _is_enumeration(hint):
        return ()
    raise UnwritableError(f"{hint} has no written form")


def _fields(cls: Any) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def _is_enumeration(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, StrEnum)


class ValueWriter:
    """Turns values into JSON, and collects their arrays.

    Attributes:
        arrays: By number.
    """

    def __init__(self) -> None:
        self.arrays: list[np.ndarray] = []

    def write(self, value: Any, hint: Any) -> Any:
        """Return the JSON form of a value of an annotated type."""
        origin, arguments = get_origin(hint) or hint, get_args(hint)
        if origin in (Union, types.UnionType):
            return self.write(value, _member_of(value, arguments))
        if origin is np.ndarray:
            return {"array": self._add(value)}
        if origin is list and get_origin(arguments[0]) is np.ndarray:
            return self._write_arrays(value)
        if origin in (list, set):
            return [self.write(v, arguments[0]) for v in (sorted(value) if origin is set else value)]
        if origin is tuple:
            return [self.write(v, t) for v, t in zip(value, _item_types(arguments, len(value)), strict=True)]
        if origin in (dict, Counter):
            key, item = (arguments[0], int) if origin is Counter else arguments
            items = list(value.values())
            arrays = self._write_arrays(items) if get_origin(item) is np.ndarray else None
            return [[self.write(k, key) for k in value], arrays or [self.write(v, item) for v in items]]
        if dataclasses.is_dataclass(hint):
            return {name: self.write(getattr(value, name), t) for name, t in _fields(hint).items()}
        return str(value) if _is_enumeration(hint) else value

    def _add(self, array: Any) -> int:
        self.arrays.append(np.ascontiguousarray(array))
        return len(self.arrays) - 1

    def _write_arrays(self, arrays: Sequence[np.ndarray]) -> Any:
        if not arrays:
            return {"arrays": []}
        if arrays[0].ndim and len({(a.dtype, a.shape[1:]) for a in arrays}) == 1:
            return {"array": self._add(np.concatenate(arrays)), "sizes": [len(a) for a in arrays]}
        return {"arrays": [self._add(a) for a in arrays]}


class ValueReader:
    """Turns JSON back into values of annotated types.

    Args:
        arrays: By number.
    """

    def __init__(self, arrays: Sequence[np.ndarray]) -> None:
        self._arrays = arrays

    def read(self, value: Any, hint: Any) -> Any:
        """Return the value of an annotated type.

        Raises:
            ValueError: The JSON is not of the form that the type is written in.
        """
        origin, arguments = get_origin(hint) or hint, get_args(hint)
        if origin in (Union, types.UnionType):
            return self._read_member(value, arguments)
        if origin is np.ndarray:
            return self._array(_mapping(value).get("array"))
        if origin is list and get_origin(arguments[0]) is np.ndarray:
            return self._read_arrays(_mapping(value))
        if origin in (list, set):
            return origin(self.read(v, arguments[0]) for v in _list(value))
        if origin is tuple:
            items = _list(value)
            return tuple(self.read(v, t) for v, t in zip(items, _item_types(arguments, len(items)), strict=True))
        if origin in (dict, Counter):
            return self._read_mapping(_list(value), origin, arguments)
        if dataclasses.is_dataclass(hint):
            return self._read_dataclass(_mapping(value), hint)
        return _read_scalar(value, hint)

    def _read_member(self, value: Any, members: Sequence[Any]) -> Any:
        for member in members:
            try:
                return self.read(value, member)
            except ValueError:
                continue
        raise ValueError(f"a {type(value).__name__} where one of {members} belongs")

    def _read_mapping(self, value: list[Any], origin: Any, arguments: Sequence[Any]) -> Any:
        if len(value) != 2:
            raise ValueError("a table needs keys and values")
        key, item = (arguments[0], int) if origin is Counter else arguments
        keys = [self.read(k, key) for k in _list(value[0])]
        if get_origin(item) is np.ndarray:
            items = self._read_arrays(_mapping(value[1]))
        else:
            items = [self.read(v, item) for v in _list(value[1])]
        return origin(dict(zip(keys, items, strict=True)))

    def _read_dataclass(self, value: Mapping[str, Any], hint: Any) -> Any:
        fields = _fields(hint)
        if value.keys() != fields.keys():
            raise ValueError(f"fields {sorted(value)} where {hint.__name__} has {sorted(fields)}")
        return hint(**{name: self.read(value[name], t) for name, t in fields.items()})

    def _array(self, number: Any) -> np.ndarray:
        if type(number) is not int or not 0 <= number < len(self._arrays):
            raise ValueError(f"there is no array {number!r}")
        return self._arrays[number]

    def _read_arrays(self, value: Mapping[str, Any]) -> list[np.ndarray]:
        if "arrays" in value:
            return [self._array(number) for number in _list(value["arrays"])]
        joined, sizes = self._array(value.get("array")), _list(value.get("sizes"))
        if joined.ndim == 0 or any(type(s) is not int or s < 0 for s in sizes) or sum(sizes) != len(joined):
            raise ValueError(f"sizes do not add up to the rows of an array of shape {joined.shape}")
        return np.split(joined, np.cumsum(sizes)[:-1]) if sizes else []


def _read_scalar(value: Any, hint: Any) -> Any:
    if hint in (None, type(None)):
        is_right = value is None
    elif get_origin(hint) is Literal:
        is_right = value in get_args(hint)
    elif _is_enumeration(hint):
        return hint(value)  # a ValueError if it has no such member
    elif hint is float:
        is_right = type(value) in (int, float)
    else:
        is_right = type(value) is hint
    if not is_right:
        raise ValueError(f"a {type(value).__name__} where {hint} belongs")
    return value


def _member_of(value: Any, members: Sequence[Any]) -> Any:
    """Return the type of a union that a value is of."""
    if value is None:
        return type(None)
    fitting = (m for m in members if isinstance(value, get_origin(m) or m))
    return next(fitting, next(m for m in members if m is not type(None)))


def _item_types(arguments: Sequence[Any], count: int) -> Sequence[Any]:
    return [arguments[0]] * count if len(arguments) == 2 and arguments[1] is Ellipsis else arguments


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"a {type(value).__name__} where a list belongs")
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"a {type(value).__name__} where an object belongs")
    return value
