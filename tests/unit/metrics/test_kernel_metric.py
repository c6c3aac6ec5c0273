"""The kernel distance that sound and video share; its arithmetic is tested with the metrics of sound."""

from __future__ import annotations

import pytest

from avmeter.errors import UnknownNameError, UsageError
from avmeter.metrics.resolve import get_metric


@pytest.mark.parametrize("name", ["audio.kernel_distance", "common.kvd"])
def test_unknown_kernels_and_empty_subsets_are_refused(name: str) -> None:
    """Before anything is read."""
    with pytest.raises(UnknownNameError, match="kernel"):
        get_metric(name, kernel="cubic")
    with pytest.raises(UsageError):
        get_metric(name, subsets=0)
