"""Values of other people's code as plain ones: strict JSON, and text that any file and any line can hold.

Details of metrics, columns of samples and exceptions may be anything: contain themselves, be nested without end, or
raise when they are asked for their text or their items. Nothing here raises for it; what cannot be had is a text in
brackets that says so, and everything beside it stays.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import unicodedata
from collections.abc import Iterable, Mapping, Set
from typing import Any

DEEPEST = 64
"""Containers within each other."""
_MOST_VALUES = 1_000_000  # entries of all containers of one value together
_MOST_BITS = 14_000  # of an integer that Python prints as decimal digits: 4300 of them
_LONGEST_SENTENCE = 2_000  # characters
_LONGEST_SHOWN = 80  # characters

_VISIBLE_SPACE = {"\n": "⏎", "\r": "⏎", "\t": "⇥"}
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_COMPACT = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def to_jsonable(value: Any) -> Any:
    """Convert to dicts, lists, text, finite numbers, booleans and None. NaN and infinities become None.

    Containers are copied. One that contains itself, is nested deeper than `DEEPEST`, or is larger than a million
    entries is a text there that says so, and so is what raises.
    """
    return _Conversion().of(value)


class _Conversion:
    """One conversion: the containers around the current value, and how many entries may still come."""

    def __init__(self) -> None:
        self._around: set[int] = set()
        self._num_left = _MOST_VALUES

    def of(self, value: Any) -> Any:
        kind = type(value)
        if kind is float:  # most of what a run has to write, and asked for before all that may only look like it
            return value if math.isfinite(value) else None
        if value is None or kind is bool:
            return value
        if kind is str:
            return encodable(value)
        if kind is dict:
            return self._within(value, len(value), lambda: self._dict(value.items()))
        if kind is list or kind is tuple:
            return self._within(value, len(value), lambda: [self.of(v) for v in value])
        try:
            return self._foreign(value)
        except Exception as error:  # noqa: BLE001 - foreign objects may raise anything
            return f"({kind_of(value)} that cannot be read: {kind_of(error)})"

    def _foreign(self, value: Any) -> Any:
        """Return a value that is of no plain type, or only of a subclass of one."""
        if isinstance(value, str):
            return encodable(text_of(value))
        if isinstance(value, int):
            number = int.__int__(value)
            return number if number.bit_length() <= _MOST_BITS else hex(number)
        if isinstance(value, float):
            return self.of(float.__float__(value))
        if isinstance(value, Mapping):
            return self._within(value, len(value), lambda: self._dict(self._first(value.items())))
        if isinstance(value, Set):
            return self._within(value, len(value), lambda: sorted(map(self.of, self._first(value)), key=str))
        if isinstance(value, list | tuple):
            return self._within(value, len(value), lambda: [self.of(v) for v in self._first(value)])
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = dataclasses.fields(value)
            return self._within(value, len(fields), lambda: {f.name: self._field(value, f.name) for f in fields})
        if hasattr(value, "tolist"):  # arrays and tensors
            return self._within(value, math.prod(getattr(value, "shape", ())), lambda: self._array(value))
        return encodable(text_of(value))

    def _dict(self, items: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
        return {k if type(k) is str and k.isascii() else encodable(text_of(k)): self.of(v) for k, v in items}

    def _field(self, value: Any, name: str) -> Any:
        try:
            return self.of(getattr(value, name))
        except Exception as error:  # noqa: BLE001 - as in `of`
            return f"({kind_of(value)}.{name} cannot be read: {kind_of(error)})"

    def _array(self, value: Any) -> Any:
        entries = value.tolist()
        return self.of(float(entries) if type(entries) is type(value) else entries)  # a `longdouble` stays one

    def _first(self, entries: Iterable[Any]) -> Iterable[Any]:
        """Return no more entries than may come: what a class says of its length need not be true."""
        return itertools.islice(entries, _MOST_VALUES)

    def _within(self, value: Any, num_entries: int, convert: Any) -> Any:
        if id(value) in self._around:
            return f"({kind_of(value)} that contains itself)"
        if len(self._around) >= DEEPEST:
            return f"({kind_of(value)} nested deeper than {DEEPEST})"
        self._num_left -= num_entries
        if self._num_left < 0:
            return f"({kind_of(value)} left out: more than {_MOST_VALUES} values in all)"
        self._around.add(id(value))
        try:
            return convert()
        finally:
            self._around.discard(id(value))


def is_plain(value: Any) -> bool:
    """True for JSON-like values, however nested.

    An array or another object within makes it none, and so does what `to_jsonable` would not write as it is.
    """
    try:
        return _is_plain(value)
    except Exception:  # noqa: BLE001 - as in `_Conversion.of`
        return False


def _is_plain(value: Any) -> bool:
    num_values, left = 0, [(value, 0)]
    while left:
        item, depth = left.pop()
        if isinstance(item, Mapping | list | tuple):
            num_values += len(item)
            if depth >= DEEPEST or num_values > _MOST_VALUES:
                return False
            left.extend((v, depth + 1) for v in (item.values() if isinstance(item, Mapping) else item))
        elif item is not None and not isinstance(item, str | bool | int | float):
            return False
    return True


def encodable(text: str) -> str:
    """Replace lone surrogates, which file names of undecodable bytes contain and UTF-8 cannot hold."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def to_json(value: Any, *, indent: int | None = None) -> str:
    """Return strict JSON of any value, after `to_jsonable`."""
    if indent is None:
        return _COMPACT.encode(to_jsonable(value))
    return json.dumps(to_jsonable(value), ensure_ascii=False, allow_nan=False, indent=indent)


def text_of(value: object) -> str:
    """Return `str(value)`, a plain one; where that raises, what a text holds itself, or in brackets what it is."""
    if type(value) is str:
        return value
    try:
        return str.__str__(str(value))
    except Exception as error:  # noqa: BLE001 - as in `_Conversion.of`
        if isinstance(value, str):
            return str.__str__(value)
        return f"({kind_of(value)} without a text: {kind_of(error)})"


def kind_of(value: object) -> str:
    """Return the name of a value's type, whatever its metaclass makes of it."""
    name: str = type.__dict__["__name__"].__get__(type(value))
    return str.__str__(name)


def shown(value: object) -> str:
    """Return `repr(value)` for a message: on one line, and short."""
    try:
        text = str.__str__(repr(value))
    except ValueError:
        return "a number of thousands of digits" if isinstance(value, int) else f"a {kind_of(value)}"
    except Exception:  # noqa: BLE001 - as in `_Conversion.of`
        return f"a {kind_of(value)}"
    return sanitise(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}...")


def described(error: BaseException) -> str:
    """Return the kind of an exception and what it says, as a sentence."""
    text = text_of(error)
    return sentence(f"{kind_of(error)}: {text}" if text else kind_of(error))


def sentence(value: object) -> str:
    """Return a text on one line, without what a terminal obeys, the middle left out where it is long."""
    text = text_of(value)
    if len(text) > _LONGEST_SENTENCE:
        half = _LONGEST_SENTENCE // 2
        text = f"{text[:half]} [... {len(text) - 2 * half} characters ...] {text[-half:]}"
    return text if text.isprintable() else sanitise(text)


def sanitise(text: str) -> str:
    """Put foreign text on one line, with nothing in it that a terminal obeys.

    Control characters (escape sequences among them) and characters that turn the direction of writing are shown as
    escapes.
    """
    return "".join(_escaped(c) for c in text)


def is_obeyed(character: str) -> bool:
    """True for control characters, lone surrogates, and what turns the direction of writing or breaks a line."""
    category = unicodedata.category(character)
    return category in ("Cc", "Cs", "Zl", "Zp") or character in _BIDI_CONTROLS


def _escaped(character: str) -> str:
    if character in _VISIBLE_SPACE:
        return _VISIBLE_SPACE[character]
    if is_obeyed(character):
        return f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\u{ord(character):04x}"
    return character
