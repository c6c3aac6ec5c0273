"""Samples from rows of a data set library, without importing one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from avmeter.errors import ManifestError
from avmeter.manifest.columns import KEYS, meanings


def from_dataset(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Samples from mappings, such as the rows of a Hugging Face data set.

    Sound may be a path, a dict with `array` and `sampling_rate`, or a decoder object with `get_all_samples()`.

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
            keys = meanings(row, f"row {index}")
            samples.append({_key(keys[c]): _value(v) for c, v in row.items() if v is not None})
            continue
        for key, column in columns.items():
            if column not in row:
                raise ManifestError(f"row {index} has no column `{column}`", hint=f"it has {', '.join(map(str, row))}")
            if not key:
                raise ManifestError(f"column `{column}` has an empty key", hint=f"keys are {', '.join(KEYS)}")
        samples.append({k: _value(row[c]) for k, c in columns.items() if row[c] is not None})
    return samples


def _key(key: str) -> str:
    # A data set has no extension to tell picture from sound; a "video" stands for both.
    return "video" if key == "clip" else key


def _value(value: Any) -> Any:
    if hasattr(value, "get_all_samples"):
        decoded = value.get_all_samples()
        return decoded.data, int(decoded.sample_rate)
    if isinstance(value, Mapping) and "path" in value and value.get("array") is None:
        if value["path"] is None:
            raise ManifestError(
                "a clip is stored as bytes inside the data set", hint="cast the column so that it is decoded"
            )
        return value["path"]
    return value
