"""Types under FastVideo's module name."""

import avmeter
from avmeter.fastvideo import types


def test_types_are_those_of_avmeter() -> None:
    """`isinstance` holds on both sides."""
    assert types.MetricResult is avmeter.MetricResult
    assert types.EvalResults is avmeter.EvalResults
    assert types.Video is avmeter.Video
