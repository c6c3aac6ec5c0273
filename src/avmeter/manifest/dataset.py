"""Samples from rows of a data set library, without importing one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from avmeter.errors import ManifestError
from avmeter.manifest.aliases import CLIP, KEYS
from avmeter.manifest.columns import resolve_columns
from avmeter.manifest.rows import Row, Table


def from_dataset(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Build samples from mappings, such as the rows of a Hugging Face data set.

    Media may be whatever a sample takes: paths, rows of bytes, decoded arrays and decoder objects (`avmeter.sample`).

    Args:
        rows: The data set, or any iterable of mappings.
        columns: Key of a sample -> column of the data set, e.g. `{"audio": "speech", "reference_text": "sentence"}`.
            Default: by the names and aliases that manifests know.

    Raises:
        ManifestError: A key or a column does not exist.
    """
    samples = []
    for index, row in enumerate(rows):
        if columns is None:
            keys = _keys(row, index)
            samples.append({keys.get(c, c): v for c, v in row.items() if v is not None})
            continue
        for key, column in columns.items():
            if column not in row:
                raise ManifestError(f"row {index} has no column `{column}`", hint=f"it has {', '.join(map(str, row))}")
            if not key:
                raise ManifestError(f"column `{column}` has an empty key", hint=f"keys are {', '.join(KEYS)}")
        samples.append({k: row[c] for k, c in columns.items() if row[c] is not None})
    return samples


def _keys(row: Mapping[str, Any], index: int) -> dict[str, str]:
    """Column -> key. A data set has no extension to tell sound from video; a "video" stands for both."""
    columns = resolve_columns(Table(path=Path(f"row {index}"), rows=(Row(where="", cells=row),)))
    return {c: "video" if key == CLIP else key for c, key in columns.keys.items() if c in row}
