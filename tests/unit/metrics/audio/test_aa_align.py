"""AA-Align on onsets that were put there."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.features.base import Features
from avmeter.metrics.audio.aa_align import AaAlign, distances
from avmeter.metrics.base import FeatureSet
from avmeter.sample import Sample

FACTS = {"used_seconds": 2.0, "generated_duration_s": 2.0, "reference_duration_s": 2.0}


def score(generated: list[float], reference: list[float]):
    arrays = {"generated_s": np.array(generated), "reference_s": np.array(reference)}
    return AaAlign().score(Sample(id="a"), FeatureSet({"pair": Features(arrays=arrays, facts=FACTS)}))


@pytest.mark.parametrize(
    ("generated", "reference", "expected", "published"),
    [
        ([0.5, 1.0], [0.5, 1.0], 1.0, 1.0),
        ([0.5, 1.0], [0.55, 1.5], 1 / 3, 1 / 3),
        ([0.45, 0.5, 0.55], [0.5], 1 / 3, 3.0),
        ([0.5], [], 0.0, 0.0),
        ([], [0.5], 0.0, 0.0),
    ],
)
def test_score_is_intersection_over_union(generated, reference, expected: float, published: float) -> None:
    """Every onset is matched once; the published count, which can exceed 1, stands beside it."""
    result = score(generated, reference)
    assert result.score == pytest.approx(expected)
    assert result.details["published_score"] == pytest.approx(published)


def test_nothing_on_both_sides_is_a_skip() -> None:
    """There is nothing to align, which is not a 0."""
    with pytest.raises(SkipError) as caught:
        score([], [])
    assert caught.value.code is SkipCode.NO_EVENTS
    with pytest.raises(UsageError):
        AaAlign(tolerance_s=-1)


def test_distance_is_to_the_nearest() -> None:
    """On either side; to nothing it is infinite."""
    assert distances(np.array([0.1, 0.5, 2.0]), np.array([0.4, 1.0])) == pytest.approx([0.3, 0.1, 1.0])
    assert distances(np.array([0.1]), np.array([])) == pytest.approx([np.inf])
