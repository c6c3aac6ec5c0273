"""KL divergence of two clips' classes, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.resolve import get_metric
from avmeter.result import MetricResult
from avmeter.sample import Sample

RNG = np.random.default_rng(3)


def tagged(logits: np.ndarray) -> Features:
    return Features(arrays={"logits": logits.astype(np.float32)}, facts={"used_seconds": 10.0})


def kl(generated: Features, reference: Features) -> MetricResult:
    features = FeatureSet({"generated": generated, "reference": reference})
    return get_metric("audio.kl_divergence").score(Sample(id="clip"), features)


def test_kl_is_that_of_reference_against_generated() -> None:
    """Two classes by hand: p = (3/4, 1/4) in the reference, q = (1/2, 1/2) in the generated clip."""
    result = kl(tagged(np.log([0.5, 0.5])), tagged(np.log([0.75, 0.25])))
    assert result.score == pytest.approx(0.75 * np.log(1.5) + 0.25 * np.log(0.5), rel=1e-6)
    assert result.details["kl_softmax"] == result.score
    assert result.details["kl_sigmoid"] != result.score


def test_kl_of_equal_logits_is_0_with_a_question() -> None:
    """Never below 0."""
    logits = tagged(RNG.standard_normal(527))
    result = kl(logits, logits)
    assert result.score == 0.0
    assert "question" in result.details


@pytest.mark.parametrize("side", ["generated", "reference"])
def test_kl_names_the_side_without_usable_logits(side: str) -> None:
    """Not finite, or absent because the clip is too short."""
    good = tagged(np.zeros(527))
    for bad, code in (
        (tagged(np.full(527, np.nan)), SkipCode.NON_FINITE),
        (Features(arrays={"embedding": np.zeros(768)}), SkipCode.TOO_SHORT),
    ):
        pair = {"generated": good, "reference": good, side: bad}
        with pytest.raises(SkipError, match=side) as caught:
            kl(**pair)
        assert caught.value.code == code
