"""DeSync: what becomes of offsets."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features
from avmeter.metrics.audio.desync import DeSync
from avmeter.metrics.base import FeatureSet
from avmeter.sample import Sample
from support.features import offsets


def given(front_s: float, back_s: float) -> FeatureSet:
    return FeatureSet({"offset": offsets(front_s, back_s)})


def test_score_is_the_mean_magnitude_of_both_ends() -> None:
    """Signs are told, not averaged."""
    result = DeSync().score(Sample(id="a"), given(0.4, -0.2))
    assert result.score == pytest.approx(0.3)
    assert result.details["front_desync_s"] == pytest.approx(0.4)
    assert result.details["back_offset_s"] == pytest.approx(-0.2)
    assert sum(result.details["front_probabilities"]) == pytest.approx(1, abs=1e-3)
    assert "out_of_range" not in result.details


def test_opposite_offsets_do_not_cancel_over_a_corpus() -> None:
    """+0.4 and -0.4 s are 0.4 s of desync; their signed mean of 0 stands beside, with a histogram."""
    metric = DeSync()
    state = metric.start()
    for i, offset in enumerate((0.4, -0.4)):
        state = metric.update(state, Sample(id=str(i)), given(offset, offset))
    result = metric.finish(state)
    assert result.score == pytest.approx(0.4)
    assert result.details["signed_mean_s"] == pytest.approx(0.0)
    assert result.details["histogram"] == {"-0.4": 2, "+0.4": 2}
    assert result.details["n"] == 2


@pytest.mark.parametrize("end", [(2.0, 0.0), (0.0, -2.0)])
def test_offset_at_the_end_of_the_grid_is_flagged(end: tuple[float, float]) -> None:
    """It may be 2 s or more."""
    assert "out_of_range" in DeSync().score(Sample(id="a"), given(*end)).details


def test_curve_tells_the_offset_at_every_position() -> None:
    """So that drift is seen."""
    whole = offsets(0.0, 0.6)
    features = Features(arrays={**whole.arrays, "start_s": np.array([0.0, 0.32])}, facts=whole.facts)
    details = DeSync(curve=True).score(Sample(id="a"), FeatureSet({"offset": features})).details
    assert details["curve"] == [
        {"start_s": 0.0, "offset_s": pytest.approx(0.0)},
        {"start_s": 0.32, "offset_s": pytest.approx(0.6)},
    ]


def test_different_lengths_are_told() -> None:
    """What was compared is named."""
    whole = offsets(0.0, 0.0)
    features = Features(arrays=whole.arrays, facts={**whole.facts, "num_audio_segments": 20})
    details = DeSync().score(Sample(id="a"), FeatureSet({"offset": features})).details
    assert details["num_segments_used"] == 14
    assert "4.80 s they share" in details["note"]


def test_stretched_clip_is_named_in_the_result() -> None:
    """A non-standard mode is no secret."""
    whole = offsets(0.0, 0.0)
    features = Features(arrays=whole.arrays, facts={**whole.facts, "stretched": "loop"})
    assert DeSync(short="loop").score(Sample(id="a"), FeatureSet({"offset": features})).details["short"] == "loop"


def test_logits_that_are_not_finite_are_a_skip() -> None:
    """Not the first class of the grid."""
    whole = offsets(0.0, 0.0)
    features = Features(arrays={**whole.arrays, "logits": np.full((2, 21), np.nan)}, facts=whole.facts)
    with pytest.raises(SkipError) as caught:
        DeSync().score(Sample(id="a"), FeatureSet({"offset": features}))
    assert caught.value.code == SkipCode.NON_FINITE
