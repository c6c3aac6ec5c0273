"""Rows of prompts: the base class of data sets that users register."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypedDict


class Sample(TypedDict, total=False):
    """Keys of a row; only `prompt` is expected in each."""

    prompt: str
    n_samples: int
    dimensions: list[str]
    auxiliary_info: dict[str, Any]
    image_path: str
    reference_video: str


class PromptDataset:
    """Rows with prompts, as dicts; derived classes fill `_rows`."""

    name: str = ""
    description: str = ""
    supports_dimensions: bool = False
    requires_reference_image: bool = False
    requires_reference_video: bool = False

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self._rows[index]

    def by_dimension(self) -> dict[str, list[dict[str, Any]]]:
        """Return the rows by dimension; a row of several is in each."""
        found: dict[str, list[dict[str, Any]]] = {}
        for row in self._rows:
            for dimension in row.get("dimensions", ()):
                found.setdefault(dimension, []).append(row)
        return found


BasePromptDataset = PromptDataset
