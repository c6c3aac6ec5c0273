"""What a command says of a run at its end."""

from __future__ import annotations

import pytest

from avmeter.cli.scoring.run import end_line
from avmeter.result import MetricResult
from avmeter.run import EvalResults


@pytest.mark.parametrize(
    ("computed", "reads", "line"),
    [
        ({}, 1, "1 clip in 2.0 s; 0 features computed, 1 read from the store"),
        ({"a": 1}, 0, "1 clip in 2.0 s; 1 feature computed, 0 reads from the store"),
        ({"a": 2, "b": 3}, 12, "1 clip in 2.0 s; 5 features computed, 12 reads from the store"),
    ],
)
def test_end_line_counts_features_and_reads(computed: dict[str, int], reads: int, line: str) -> None:
    """One that several chunks share is read more than once."""
    facts = {"duration_s": 2.0, "computed": computed, "store_reads": reads}
    results = EvalResults([{"audio.loudness": MetricResult("audio.loudness", -20.0)}], provenance=facts)
    assert end_line(results) == line
