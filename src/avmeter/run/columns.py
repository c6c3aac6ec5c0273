"""Columns of a run by which its samples can be grouped: their id, their texts, and whatever else they bring along."""

from __future__ import annotations

from collections.abc import Sequence

from avmeter.errors import UnknownNameError
from avmeter.plain import encodable, to_json
from avmeter.run.extras import EXTRA_PREFIX, extra_columns
from avmeter.sample import TEXT_FIELDS, Sample

ID_COLUMN = "id"


def column_names(samples: Sequence[Sample]) -> list[str]:
    """Return the names of the columns that `column_values` finds."""
    texts = [f for f in TEXT_FIELDS if any(s.text(f) is not None for s in samples)]
    extras = [name.removeprefix(EXTRA_PREFIX) for name in extra_columns(samples)]
    return [ID_COLUMN, *texts, *(n for n in extras if n not in (ID_COLUMN, *texts))]


def column_values(samples: Sequence[Sample], name: str) -> list[str | None]:
    """Return the value of a column of each sample as text, None where there is none.

    Args:
        samples: Of a run.
        name: "id", a text field ("language"), or an extra, with or without its prefix ("speaker", "extra.speaker").

    Raises:
        UnknownNameError: No sample has such a column.
    """
    known = column_names(samples)
    bare = name.removeprefix(EXTRA_PREFIX)
    is_field = name in (ID_COLUMN, *TEXT_FIELDS)
    if (name if is_field else bare) not in known:
        raise UnknownNameError.among("column of the samples", name, known)
    if name == ID_COLUMN:
        return [s.id for s in samples]
    if is_field:
        return [_text(s, name) for s in samples]
    return extra_columns(samples)[f"{EXTRA_PREFIX}{bare}"]


def _text(sample: Sample, name: str) -> str | None:
    value = sample.text(name)
    if value is None:
        return None
    return encodable(value) if isinstance(value, str) else to_json(value)
