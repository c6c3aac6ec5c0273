"""The kernel distance: both kernels, and references from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avmeter.errors import UnknownNameError, UsageError
from avmeter.metrics.kernel_metric import KERNELS
from support.embedding_sets import GENERATED, REFERENCE, corpus_metric, score

NAME = "audio.kernel_distance"


@pytest.mark.parametrize("kernel", KERNELS)
def test_distance_of_two_halves_of_one_set_is_far_below_that_of_two_sets(kernel: str) -> None:
    """With either kernel, whose own details stand beside the score."""
    metric = corpus_metric(NAME, backbone="vggish", kernel=kernel, subsets=10, subset_size=150)
    near, far = (score(metric, rows, REFERENCE[200:]) for rows in (REFERENCE[:200], GENERATED[:200] + 0.2))
    assert near.score is not None
    assert far.score is not None
    assert abs(near.score) < far.score / 3
    assert {"gaussian": "bandwidth", "polynomial": "subsets"}[kernel] in far.details
    assert far.details["kernel"] == kernel


@pytest.mark.parametrize("kernel", KERNELS)
def test_references_of_a_file_count_as_those_of_samples(kernel: str, tmp_path: Path) -> None:
    """And what samples bring is not read then."""
    np.save(tmp_path / "reference.npy", REFERENCE)
    options = {"backbone": "vggish", "kernel": kernel, "subsets": 5, "subset_size": 40}
    cached = corpus_metric(NAME, reference_features=str(tmp_path / "reference.npy"), **options)
    expected = score(corpus_metric(NAME, **options), GENERATED, REFERENCE)
    result = score(cached, GENERATED)
    assert result.details["n_ref"] == expected.details["n_ref"] == len(REFERENCE)
    assert not cached.takes_references
    if kernel == "gaussian":
        assert result.score == pytest.approx(expected.score, rel=1e-5)


def test_statistics_in_place_of_features_are_refused(tmp_path: Path) -> None:
    """A mean and a covariance have no pairs to compare."""
    rows = REFERENCE.astype(np.float64)
    np.savez(tmp_path / "stats.npz", mu=rows.mean(axis=0), sigma=np.cov(rows, rowvar=False), n=len(rows))
    with pytest.raises(UsageError, match="needs features, not statistics"):
        corpus_metric(NAME, backbone="vggish", reference_features=str(tmp_path / "stats.npz"))


def test_unknown_kernel_is_refused_by_name() -> None:
    """With a near miss."""
    with pytest.raises(UnknownNameError, match="did you mean `gaussian`"):
        corpus_metric(NAME, kernel="gausian")
