"""FastVideo's base class."""

from __future__ import annotations

import pytest
import torch

from avmeter.errors import UsageError
from avmeter.fastvideo.metrics.base import BaseMetric


def test_defaults_are_those_of_fastvideo() -> None:
    """A device of torch, no chunks, decoded frames."""
    metric = BaseMetric()
    assert metric.device == torch.device("cpu")
    assert metric.to("meta") is metric
    assert metric.device == torch.device("meta")
    assert metric._chunk_size is None
    assert metric.needs_frames


def test_merging_that_nobody_wrote_is_refused() -> None:
    """Half a corpus is not passed off as the whole."""
    with pytest.raises(UsageError, match="merge_from"):
        BaseMetric().merge_from(BaseMetric())
