"""Values of samples that no metric reads, such as speaker, seed or category, by which results can be grouped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from avmeter.files import without_credentials
from avmeter.plain import encodable, is_plain, text_of, to_json
from avmeter.sample import Sample

EXTRA_PREFIX = "extra."
"""Begins the columns of extras in the tables of a run, so that they cannot be taken for columns of the run itself."""


def extra_columns(samples: Sequence[Sample]) -> dict[str, list[str | None]]:
    """Return column -> text of each sample, None where a sample has none; columns are named with the prefix.

    Texts stay, but for credentials in URLs; numbers, truth values, lists and objects become JSON (`7`, `true`,
    `["a", "b"]`), dates ISO text.
    Arrays, bytes and other objects are not written.
    """
    names = dict.fromkeys(name for sample in samples for name in sample.extras)
    columns = {
        f"{EXTRA_PREFIX}{encodable(text_of(n))}": [_text(sample.extras.get(n)) for sample in samples] for n in names
    }
    return {name: cells for name, cells in columns.items() if any(cell is not None for cell in cells)}


def extras_of(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the extras in a row of a run's table, as text and without the prefix."""
    return {c.removeprefix(EXTRA_PREFIX): v for c, v in row.items() if c.startswith(EXTRA_PREFIX) and v is not None}


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return encodable(without_credentials(text_of(value)))
    if isinstance(value, Decimal | date):
        return text_of(value)
    if isinstance(value, bool | int | float | np.generic):
        return to_json(value)
    if isinstance(value, list | tuple | Mapping) and is_plain(value):
        return without_credentials(to_json(value))
    return None
