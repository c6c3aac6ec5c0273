"""Prompt data sets by name."""

from __future__ import annotations

import pytest

from avmeter.fastvideo.datasets.base import PromptDataset
from avmeter.fastvideo.datasets.registry import DatasetRegistry, get_dataset


def test_registered_data_set_is_found_by_name() -> None:
    """And knows it."""
    registry = DatasetRegistry()

    @registry.register("mine")
    class Mine(PromptDataset):
        def __init__(self, limit: int) -> None:
            super().__init__()
            self._rows = [{"prompt": str(i), "dimensions": ["color"][:i]} for i in range(limit)]

    found = registry.get("mine", limit=2)
    assert (found.name, len(found), [row["prompt"] for row in found], found[1]["prompt"]) == (
        "mine", 2, ["0", "1"], "1",
    )  # fmt: skip
    assert registry.names() == ["mine"]


def test_data_set_of_fastvideo_is_answered_with_what_to_do() -> None:
    """An ImportError, because it is no mistake; an unknown name is a KeyError."""
    with pytest.raises(ImportError, match="FastVideo's and not in avmeter"):
        get_dataset("vbench", limit=4)
    with pytest.raises(KeyError):
        get_dataset("webvid")
