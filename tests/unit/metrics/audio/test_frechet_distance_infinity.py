"""The extrapolated Fréchet distance, and the clips that raise it most."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError
from support.embedding_sets import FRECHET, GENERATED, REFERENCE, corpus_metric, score

NAME = "audio.frechet_distance_infinity"
DIM = 8


def test_extrapolation_takes_the_bias_of_few_clips_away() -> None:
    """Two halves of one set are near 0, where the plain distance is not."""
    metric, plain = (corpus_metric(name, backbone="vggish") for name in (NAME, FRECHET))
    halves = REFERENCE[:200, :DIM], REFERENCE[200:, :DIM]
    free, biased = score(metric, *halves), score(plain, *halves)
    assert free.score is not None
    assert biased.score is not None
    assert abs(free.score) < biased.score
    assert free.score == pytest.approx(0, abs=5 * free.details["standard_error"] + 0.2)


def test_clip_far_from_all_others_is_named_first() -> None:
    """By its id, with its contribution."""
    generated = GENERATED[:100, :DIM].copy()
    generated[42] += 30
    worst = score(corpus_metric(NAME, backbone="vggish"), generated, REFERENCE[:, :DIM]).details["worst_clips"]
    assert worst[0]["id"] == "g42"
    assert worst[0]["contribution"] > 10 * abs(worst[1]["contribution"])
    assert len(worst) == 20


@pytest.mark.parametrize(("num_generated", "num_reference"), [(3, 10), (10, 1)])
def test_too_few_clips_are_a_skip_with_both_counts(num_generated: int, num_reference: int) -> None:
    """A line needs points."""
    with pytest.raises(SkipError, match=f"got {num_generated} and {num_reference}") as caught:
        score(corpus_metric(NAME, backbone="vggish"), GENERATED[:num_generated], REFERENCE[:num_reference])
    assert caught.value.code == SkipCode.TOO_FEW_SAMPLES


def test_fewer_clips_than_dimensions_are_warned_of() -> None:
    """The curve bends there."""
    result = score(corpus_metric(NAME, backbone="vggish"), GENERATED[:40], REFERENCE)
    assert any("n < d" in w for w in result.details["warnings"])
    assert np.isfinite(result.score or np.nan)
