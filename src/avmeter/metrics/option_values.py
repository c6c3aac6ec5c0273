"""Values of a metric's options: of the kinds that its constructor names, none reinterpreted.

On the command line values are JSON, so that anything may come: `numbers=no` is the text "no", which counts as true.
"""

from __future__ import annotations

import math
import os
import types
import typing
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from avmeter.errors import UsageError

_KINDS: Mapping[Any, tuple[str, Callable[[Any], bool]]] = {
    bool: ("true or false", lambda v: isinstance(v, bool)),
    int: ("a whole number", lambda v: type(v) is not bool and isinstance(v, Integral)),
    float: ("a number", lambda v: type(v) is not bool and isinstance(v, Real) and _is_finite(v)),
    str: ("a text", lambda v: isinstance(v, str)),
    Path: ("a path", lambda v: isinstance(v, str | os.PathLike)),
    types.NoneType: ("null", lambda v: v is None),
}


def check_kinds(name: str, cls: type, options: Mapping[str, Any]) -> None:
    """Refuse values of kinds that the annotations of a metric's constructor do not name; others are left to it.

    Raises:
        UsageError: The first that is wrong.
    """
    try:
        hints = typing.get_type_hints(cls.__init__)  # type: ignore[misc]
    except (NameError, TypeError, AttributeError):  # a user's class, with names that only a type checker sees
        return
    for option, value in options.items():
        kinds = _kinds_of(hints.get(option))
        if kinds and not any(_KINDS[kind][1](value) for kind in kinds):
            expected = " or ".join(_KINDS[kind][0] for kind in kinds if kind is not types.NoneType)
            raise UsageError(
                f"option {option}={value!r:.80} of `{name}` is not {expected}",
                hint=f'values of `--set {name}.{option}=` are JSON: true, 3 or "text"',
            )


def require_at_least(least: int, **options: float) -> None:
    """Refuse a number below the least that makes sense.

    Raises:
        UsageError: There is one.
    """
    for option, value in options.items():
        if value < least:
            raise UsageError(f"option {option}={value}: needs at least {least}", hint=f"{option}={least}")


def require_between(low: float, high: float, **options: float) -> None:
    """Refuse a number outside of what makes sense; both ends do.

    Raises:
        UsageError: There is one.
    """
    for option, value in options.items():
        if not low <= value <= high:
            raise UsageError(f"option {option}={value}: needs {low:g} to {high:g}")


def _is_finite(value: Real) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _kinds_of(hint: Any) -> tuple[Any, ...]:
    """Return the simple types of an annotation; none if it has another one in it."""
    parts = typing.get_args(hint) if typing.get_origin(hint) in (types.UnionType, typing.Union) else (hint,)
    return parts if all(part in _KINDS for part in parts) else ()
