"""The Fréchet distance of odd corpora: constant, not finite, too small."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode
from support.embedding_sets import FRECHET, GENERATED, REFERENCE, corpus_metric, score


def test_constant_generations_are_flagged_invalid() -> None:
    """Fifty equal embeddings against standard normal ones: the published value of the case, rank 0, and the flag."""
    rng = np.random.default_rng(0)
    reference = rng.standard_normal((50, 768))
    metric = corpus_metric(FRECHET, protocol="av-benchmark@10")  # no offset on the diagonals, as at every length
    result = score(metric, np.ones((50, 768)), reference)
    assert metric.options()["protocol"] == "av-benchmark@10s"
    assert result.score == pytest.approx(1547.314, abs=0.01)  # rows are kept as float32
    assert result.details["rank_gen"] == 0
    assert any(w.startswith("invalid: all generated embeddings are equal") for w in result.details["warnings"])


def test_rows_that_are_not_finite_are_dropped_and_counted_on_both_sides() -> None:
    """One row a side; the score is that of the others."""
    bad = np.full((1, 128), np.inf, np.float32)
    metric = corpus_metric(FRECHET, backbone="vggish")
    result = score(metric, np.concatenate([GENERATED, bad]), np.concatenate([bad, REFERENCE]))
    assert result.score == pytest.approx(score(metric, GENERATED, REFERENCE).score, rel=1e-9)
    assert (result.details["n_gen"], result.details["n_gen_dropped_nonfinite"]) == (300, 1)
    assert (result.details["n_ref"], result.details["n_ref_dropped_nonfinite"]) == (400, 1)


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_clips_are_refused_with_advice(count: int) -> None:
    """The count of each side, and a metric that takes single clips."""
    result = score(corpus_metric(FRECHET, backbone="vggish"), GENERATED[:count], REFERENCE[:count])
    assert result.skip is not None
    assert result.skip.code == SkipCode.TOO_FEW_SAMPLES
    assert f"needs at least 2 embeddings per side, got {count} generated and {count} reference" in result.skip.reason
    assert "kl_divergence" in result.skip.hint
    assert {"n_gen", "n_ref", "n_gen_dropped_nonfinite", "n_ref_dropped_nonfinite"} <= result.details.keys()


def test_bias_stands_beside_the_score_where_it_can_be_told() -> None:
    """From a quarter as many reference clips as dimensions on; below there is a sentence instead."""
    metric = corpus_metric(FRECHET, backbone="vggish")
    enough = score(metric, GENERATED[:40], REFERENCE[:32]).details
    assert 0 < enough["expected_bias"] < 400
    assert any("n < d: 32 embeddings" in w for w in enough["warnings"])
    without = score(metric, GENERATED[:40], REFERENCE[:31]).details
    assert "expected_bias" not in without
    assert any("31 reference embeddings are too few" in w for w in without["warnings"])
