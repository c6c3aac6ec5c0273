"""Rows of prompts."""

from __future__ import annotations

from avmeter.fastvideo.datasets import BasePromptDataset, PromptDataset


def test_row_of_several_dimensions_is_in_each() -> None:
    """Rows come in their order."""
    data_set = PromptDataset()
    data_set._rows = [{"prompt": "a", "dimensions": ["color", "scene"]}, {"prompt": "b"}]
    assert (len(data_set), list(data_set)) == (2, [data_set[0], data_set[1]])
    assert data_set.by_dimension() == {"color": [data_set[0]], "scene": [data_set[0]]}
    assert BasePromptDataset is PromptDataset
