"""Metrics over the embeddings and classes of a tagger: reference files, small and odd corpora, what they refuse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from avmeter.errors import SkipCode, SkipError, UnknownNameError, UsageError
from avmeter.features.base import Features
from avmeter.metrics.base import CorpusMetric, FeatureSet
from avmeter.metrics.resolve import get_metric
from avmeter.result import MetricResult
from avmeter.sample import Sample

RNG = np.random.default_rng(3)
REFERENCE = RNG.standard_normal((400, 128)).astype(np.float32)
GENERATED = (RNG.standard_normal((300, 128)) + 0.1).astype(np.float32)
FRECHET = "audio.frechet_distance"


def embedded(row: np.ndarray) -> Features:
    return Features(arrays={"embedding": row})


def score(metric: CorpusMetric, generated: np.ndarray, reference: np.ndarray | None = None) -> MetricResult:
    """Corpus score of rows, one clip each; references come as samples of their own."""
    state = metric.start()
    for i, row in enumerate(generated):
        state = metric.update(state, Sample(id=f"g{i}"), FeatureSet({"generated": embedded(row)}))
    for i, row in enumerate(() if reference is None else reference):
        sample = Sample(id=f"r{i}", role="reference")
        state = metric.update(state, sample, FeatureSet({"generated": embedded(row)}))
    return metric.finish(state)


def corpus_metric(name: str, **options: object) -> CorpusMetric:
    metric = get_metric(name, **options)
    assert isinstance(metric, CorpusMetric)
    return metric


# -- reference files -------------------------------------------------------------------------------------------------


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
    stated = score(corpus_metric(FRECHET, backbone="vggish", reference_features=moved), GENERATED)
    monkeypatch.setenv("AVMETER_FAD_REF_FEATURES", str(moved))
    assert score(corpus_metric(FRECHET, backbone="vggish"), GENERATED).score == stated.score


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


# -- Fréchet distance of odd corpora ---------------------------------------------------------------------------------


def test_constant_generations_are_flagged_invalid() -> None:
    """Fifty equal embeddings against standard normal ones: the published value of the case, rank 0, and the flag."""
    rng = np.random.default_rng(0)
    reference = rng.standard_normal((50, 768))
    metric = corpus_metric(FRECHET, protocol="av-benchmark")
    result = score(metric, np.ones((50, 768)), reference)
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
    assert f"needs at least 2 clips per side, got {count} generated and {count} reference" in result.skip.reason
    assert "kl_divergence" in result.skip.hint
    assert {"n_gen", "n_ref", "n_gen_dropped_nonfinite", "n_ref_dropped_nonfinite"} <= result.details.keys()


def test_bias_stands_beside_the_score_where_it_can_be_told() -> None:
    """From a quarter as many reference clips as dimensions on; below there is a sentence instead."""
    metric = corpus_metric(FRECHET, backbone="vggish")
    told = score(metric, GENERATED[:40], REFERENCE[:32]).details
    assert 0 < told["expected_bias"] < 400
    assert any("n < d: 32 clips" in w for w in told["warnings"])
    untold = score(metric, GENERATED[:40], REFERENCE[:31]).details
    assert "expected_bias" not in untold
    assert any("31 reference clips are too few" in w for w in untold["warnings"])


# -- classes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["audio.kl_divergence", "audio.inception_score"])
@pytest.mark.parametrize("backbone", ["vggish", "clap"])
def test_class_metric_refuses_a_backbone_without_classes(name: str, backbone: str) -> None:
    """Instead of a small number that looks like a score; the message lists the ones that have classes."""
    with pytest.raises(UsageError, match="no class probabilities") as caught:
        get_metric(name, backbone=backbone)
    assert all(f"`{good}`" in str(caught.value) for good in ("passt", "panns", "yamnet"))


def test_unknown_backbone_is_refused_by_name() -> None:
    """With a near miss."""
    with pytest.raises(UnknownNameError, match="did you mean `passt`"):
        get_metric("audio.kl_divergence", backbone="pasts")
    with pytest.raises(UnknownNameError, match="`2023`"):
        get_metric(FRECHET, backbone=2023)


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
