"""The order of files in a folder, which has none of its own: used only where nothing names anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from avmeter.errors import ManifestError
from avmeter.media.extensions import without_extension

_DIGITS = re.compile(r"([0-9]+)")
_SHOWN = 6


def natural_key(name: str) -> tuple[Any, ...]:
    """Return a sort key under which numbers count as numbers, folder by folder: `s2/x` < `s10/a`, `take 9` < `take 10`.

    Equal numbers are told apart by their spelling (`01` < `1`), so that the order is total.
    """
    parts = tuple(tuple(_piece(p) for p in enumerate(_DIGITS.split(part))) for part in name.split("/"))
    return (parts, name)


def _piece(indexed: tuple[int, str]) -> tuple[int, str]:
    position, piece = indexed
    return (int(piece), "") if position % 2 else (0, piece)


def require_one_order(names: Sequence[str], what: str) -> None:
    """Refuse to number the files of a folder where two plausible orders disagree.

    A series that differs in one number (`s_0.wav` ... `s_11.wav`) has the order of that number. Other names must come
    out alike in natural order, by code points (as programs sort), and without regard to case (as file browsers sort).

    Args:
        names: Relative paths in natural order.
        what: What would be assigned by position, for the message: "12 prompts without names".

    Raises:
        ManifestError: Orders disagree; the message shows them.
    """
    if len(names) < 2 or series_numbers(names) is not None:
        return
    natural = list(names)
    others: tuple[tuple[str, Callable[[str], Any]], ...] = (
        ("alphabetical", str),
        ("case ignored", lambda name: natural_key(name.casefold())),
    )
    for label, key in others:
        other = sorted(names, key=key)
        if other != natural:
            raise _two_orders(what, "the files of the folder", {"natural order": natural, label: other})


def require_deliberate_order(names: Sequence[str], what: str) -> None:
    """Refuse files of a list in the order that sorting makes of numbers: `s_1`, `s_10`, `s_11`, `s_2` ...

    A shell's `*` and `sorted` list a series so; whether what is assigned by position has this order or that of the
    numbers, nobody can tell.

    Args:
        names: In the order of the list.
        what: What would be assigned by position, for the message.

    Raises:
        ManifestError: Both orders are possible; the message shows them.
    """
    natural = sorted(names, key=natural_key)
    if series_numbers(names) is None or list(names) == natural or list(names) != sorted(names):
        return
    raise _two_orders(what, "the files of the list", {"natural order": natural, "as listed": list(names)})


def _two_orders(what: str, files: str, orders: Mapping[str, Sequence[str]]) -> ManifestError:
    one, other = orders.values()
    start = next(i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b)
    shown = "\n  ".join(f"{label}: {_excerpt(names, start)}" for label, names in orders.items())
    return ManifestError(
        f"{what}: {files} have no single order\n  {shown}",
        hint='name the clip of each text in a column `id`, or keep the order: `--pairing order` (pairing="order")',
    )


def _excerpt(names: Sequence[str], start: int) -> str:
    shown = names[start : start + _SHOWN]
    before, after = "... " if start else "", " ..." if start + _SHOWN < len(names) else ""
    return f"{before}{', '.join(shown)}{after}"


def series_numbers(names: Sequence[str]) -> list[int] | None:
    """Return the number of each name in a series, whose names differ in one number alone: `s_0.wav`, `s_1.flac` ...

    None if the names are no series: they differ otherwise, a number occurs twice, or there is only one name.
    """
    split = [_DIGITS.split(without_extension(name)) for name in names]
    if len(names) < 2 or len({len(s) for s in split}) != 1:
        return None
    varying = [i for i, column in enumerate(zip(*split, strict=True)) if len(set(column)) > 1]
    if len(varying) != 1 or varying[0] % 2 == 0:
        return None
    numbers = [int(s[varying[0]]) for s in split]
    return numbers if len(set(numbers)) == len(numbers) else None
