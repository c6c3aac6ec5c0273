"""Onset AP on onsets that were put there."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.features.base import Features
from avmeter.metrics.audio.onset_ap import OnsetAp
from avmeter.metrics.base import FeatureSet
from avmeter.sample import Sample

FACTS = {"used_seconds": 2.0, "generated_duration_s": 2.0, "reference_duration_s": 2.0}


def score(generated: list[float], loud: list[float], reference: list[float], **options: float):
    arrays = {
        "generated_s": np.array(generated),
        "reference_s": np.array(reference),
        "confidence": np.array(loud),
        "level": np.array(loud),
    }
    return OnsetAp(**options).score(Sample(id="a"), FeatureSet({"pair": Features(arrays=arrays, facts=FACTS)}))


@pytest.mark.parametrize(
    ("generated", "loud", "reference", "published", "strict"),
    [
        ([0.5, 1.0], [1, 1], [0.5, 1.0], 1.0, 1.0),
        ([0.5, 1.5], [1, 0.5], [0.5], 1.0, 1.0),
        ([0.5, 1.5], [0.5, 1], [0.5], 0.5, 0.5),
        ([0.5], [1], [0.5, 1.0, 1.5, 1.8], 1.0, 0.25),
        ([0.5, 1.2], [1, 0.5], [0.5, 1.0], 0.5 + 0.5 * 2 / 3, 0.5),
        ([1.5], [1], [0.5], 0.5, 0.0),
        ([], [], [0.5], 0.0, 0.0),
    ],
    ids=["all", "one too many", "the louder is wrong", "one of four", "one missed", "only wrong", "none"],
)
def test_misses_count_as_published_and_strictly(generated, loud, reference, published: float, strict: float) -> None:
    """A sound with too few onsets is told by `strict_ap`; a sound without any has 0 in both."""
    result = score(generated, loud, reference)
    assert result.score == pytest.approx(published)
    assert result.details["strict_ap"] == pytest.approx(strict)


def test_what_does_not_count_is_noted() -> None:
    """Onsets of the reference that nobody looked for, and a sound without onsets."""
    assert "2 missed onsets do not count" in score([0.5], [1], [0.5, 1.0, 1.5]).details["note"]
    assert score([], [], [0.5]).details["note"] == "no onset in the sound"


def test_tolerance_decides_what_is_near() -> None:
    """0.1 s as published, or another."""
    assert score([0.5], [1], [0.65]).details["num_hits"] == 0
    assert score([0.5], [1], [0.65], tolerance_s=0.2).details["num_hits"] == 1
    with pytest.raises(UsageError):
        OnsetAp(tolerance_s=0)


def test_reference_without_onsets_is_a_skip() -> None:
    """There is nothing to be met: not a 0."""
    with pytest.raises(SkipError) as caught:
        score([0.5], [1], [])
    assert caught.value.code is SkipCode.NO_EVENTS
