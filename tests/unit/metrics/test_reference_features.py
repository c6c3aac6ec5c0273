"""Reference sets read from files: every format, what is refused, and where a path comes from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from avmeter.errors import UsageError
from avmeter.metrics.backbones import Backbone
from avmeter.metrics.reference_features import load_reference
from avmeter.metrics.resolve import get_metric
from support.embedding_sets import FRECHET, GENERATED, REFERENCE, corpus_metric, score

PASST = Backbone(extractor="passt", dim=4, classes=0)
PANNS = Backbone(extractor="panns", dim=4, classes=0)


def write(folder: Path, suffix: str, rows: np.ndarray) -> Path:
    path = folder / f"reference.{suffix}"
    if suffix == "pt":
        torch.save(torch.from_numpy(rows), path)
    elif suffix == "npy":
        np.save(path, rows)
    elif suffix == "features.npz":
        np.savez(path, features=rows)
    else:
        values = rows.astype(np.float64)
        count = {} if suffix == "uncounted.npz" else {"n": len(rows)}
        np.savez(path, mu=values.mean(axis=0), sigma=np.cov(values, rowvar=False), **count)
    return path


@pytest.mark.parametrize("suffix", ["pt", "npy", "features.npz", "npz", "uncounted.npz"])
def test_every_kind_of_reference_file_gives_the_number_of_the_samples(tmp_path: Path, suffix: str) -> None:
    """Features as .pt, .npy, .npz, and mean and covariance as .npz: one number, that of references given as samples."""
    expected = score(corpus_metric(FRECHET, backbone="vggish"), GENERATED, REFERENCE)
    path = write(tmp_path, suffix, REFERENCE)
    metric = corpus_metric(FRECHET, backbone="vggish", reference_features=path)
    result = score(metric, GENERATED)
    assert result.score == pytest.approx(expected.score, rel=1e-9)
    assert result.details["ref_source"] == "cached"
    assert expected.details["ref_source"] == "samples"
    if suffix == "uncounted.npz":
        assert result.details["n_ref"] is None
        assert "expected_bias" not in result.details
        assert "warnings" not in result.details
    else:
        assert result.details["n_ref"] == expected.details["n_ref"] == 400
        assert result.details["expected_bias"] == pytest.approx(expected.details["expected_bias"], rel=1e-6)
    assert [need.name for need in metric.needs] == ["generated"]
    assert not metric.takes_references


@pytest.mark.parametrize("variable", ["AVMETER_FAD_REF_FEATURES", "FASTVIDEO_FAD_REF_FEATURES"])
def test_reference_file_is_found_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """Both names work; an argument goes before them, and ours before the other."""
    monkeypatch.setenv(variable, str(write(tmp_path, "npy", REFERENCE)))
    assert score(corpus_metric(FRECHET, backbone="vggish"), GENERATED).details["ref_source"] == "cached"
    moved = write(tmp_path, "pt", REFERENCE + 1)
    explicit = score(corpus_metric(FRECHET, backbone="vggish", reference_features=moved), GENERATED)
    monkeypatch.setenv("AVMETER_FAD_REF_FEATURES", str(moved))
    assert score(corpus_metric(FRECHET, backbone="vggish"), GENERATED).score == explicit.score


def test_rows_of_a_reference_file_that_are_not_finite_are_dropped_and_counted(tmp_path: Path) -> None:
    """The rest of the file is used."""
    rows = np.concatenate([REFERENCE, np.full((2, 128), np.nan, np.float32)])
    metric = corpus_metric(FRECHET, backbone="vggish", reference_features=write(tmp_path, "pt", rows))
    result = score(metric, GENERATED)
    assert (result.details["n_ref"], result.details["n_ref_dropped_nonfinite"]) == (400, 2)
    kernel = corpus_metric(
        "audio.kernel_distance", backbone="vggish", reference_features=str(tmp_path / "reference.pt")
    )
    details = score(kernel, GENERATED[:20]).details
    assert (details["n_ref"], details["n_ref_dropped_nonfinite"]) == (400, 2)


BAD_FILES = {
    "absent.pt": None,
    "garbage.pt": b"not a tensor",
    "garbage.npy": b"not an array",
    "garbage.npz": b"PK\x03\x04 not an archive",
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_file_that_is_no_reference_is_refused_by_name(tmp_path: Path, name: str) -> None:
    """An error of the user's, with the path; before anything is computed."""
    content = BAD_FILES[name]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=name):
        get_metric(FRECHET, reference_features=tmp_path / name)


def test_reference_of_another_backbone_is_refused(tmp_path: Path) -> None:
    """Dimensions tell."""
    with pytest.raises(UsageError, match="have 128 dimensions; the backbone makes 768"):
        get_metric(FRECHET, reference_features=write(tmp_path, "npz", REFERENCE))


def test_pickled_objects_are_not_loaded(tmp_path: Path) -> None:
    """A reference file runs no code."""
    np.save(tmp_path / "objects.npy", np.array([{}, {}], dtype=object), allow_pickle=True)
    torch.save({"features": [Path]}, tmp_path / "objects.pt")
    for name in ("objects.npy", "objects.pt"):
        with pytest.raises(UsageError, match="not a file of reference features"):
            get_metric(FRECHET, reference_features=tmp_path / name)


def test_features_of_another_protocol_or_network_are_refused(tmp_path: Path) -> None:
    """What a file says of its origin must fit the metric that reads it."""
    path = tmp_path / "ref.npz"
    rows = np.random.default_rng(0).standard_normal((5, 4))
    np.savez(path, features=rows, extractor=np.str_('["passt", "1", {"protocol": "av-benchmark"}]'))
    assert load_reference(path, PASST, protocol="av-benchmark").moments.count == 5
    with pytest.raises(UsageError, match="protocol av-benchmark"):
        load_reference(path, PASST, protocol="fastvideo")
    with pytest.raises(UsageError, match="made by passt"):
        load_reference(path, PANNS, protocol="av-benchmark")
