"""Reference sets read from files: every format, what is refused, and where a path comes from."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from avmeter.engine.feature_table import FeatureTable
from avmeter.errors import UsageError
from avmeter.evaluator import Evaluator
from avmeter.features.base import get_extractor
from avmeter.metrics.backbones import Backbone
from avmeter.metrics.checkpoint_uses import metrics_by_checkpoint
from avmeter.metrics.reference_features import load_reference
from avmeter.metrics.resolve import get_metric
from avmeter.protocols import FASTVIDEO, PROTOCOLS
from avmeter.registry import EXTRACTORS, list_metrics
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource
from support.commandline import avmeter
from support.embedding_sets import FRECHET, GENERATED, REFERENCE, corpus_metric, score

PASST = Backbone(extractor="passt", dim=4, classes=0)
PANNS = Backbone(extractor="panns", dim=4, classes=0)

VARIABLE = "AVMETER_FAD_REF_FEATURES"
ROWS = np.random.default_rng(0).standard_normal((5, 4))


def identity(name: str = "passt", version: str | None = None, **options: object) -> np.str_:
    """What an export says of its origin."""
    return np.str_(json.dumps([name, version or EXTRACTORS.get(name).version, {"protocol": FASTVIDEO, **options}]))


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
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_kind_of_reference_file_gives_the_number_of_the_samples(
    tmp_path: Path, suffix: str, protocol: str
) -> None:
    """Features as .pt, .npy, .npz, and mean and covariance as .npz: one number, that of references given as samples."""
    expected = score(corpus_metric(FRECHET, backbone="vggish", protocol=protocol), GENERATED, REFERENCE)
    path = write(tmp_path, suffix, REFERENCE)
    metric = corpus_metric(FRECHET, backbone="vggish", reference_features=path, protocol=protocol)
    result = score(metric, GENERATED)
    assert result.score == pytest.approx(expected.score, rel=1e-9)
    assert result.details["rank_ref"] == expected.details["rank_ref"]
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
    np.savez(path, features=rows, extractor=identity(protocol="av-benchmark"))
    assert load_reference(path, PASST, protocol="av-benchmark").moments.count == 5
    with pytest.raises(UsageError, match="protocol av-benchmark"):
        load_reference(path, PASST, protocol="fastvideo")
    with pytest.raises(UsageError, match="made by passt"):
        load_reference(path, PANNS, protocol="av-benchmark")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"extractor": np.str_("passt")}, "`extractor` is no identity: 'passt'"),
        ({"extractor": np.str_("[1, 2]")}, "`extractor` is no identity"),
        ({"extractor": np.str_('["passt"]')}, "`extractor` is no identity"),
        ({"extractor": np.str_('["passt", "2", "fast"]')}, "`extractor` is no identity"),
        ({"extractor": np.str_("[" * 100_000)}, "`extractor` is no identity"),
        ({"extractor": np.int64(3)}, "`extractor` is int64"),
        ({"extractor": np.array(["passt", "panns"])}, "`extractor` is <U5"),
        ({"extractor": np.array([{}], dtype=object)}, "`extractor`: an array of Python objects"),
        ({"extractor": identity(version="0")}, "version 0 of passt"),
        ({"fingerprint": np.float64(1)}, "`fingerprint` is float64"),
        ({"n": np.str_("many")}, "`n` is <U4"),
        ({"n": np.float64(5)}, "`n` is float64"),
        ({"n": np.arange(3)}, "`n` is int64"),
        ({"n": np.int64(6)}, "n = 6, and has 5 rows"),
        ({"dim": np.int64(5)}, "dim = 5 of values of 4"),
        ({"dim": np.str_("4")}, "`dim` is <U1"),
        ({"features": np.arange(20).reshape(5, 4)}, "float features"),
        ({"features": np.full((5, 4), "x")}, "float features"),
        ({"features": np.zeros((5, 4, 4))}, "float features"),
        ({"features": np.float64(1.0)}, "have no dimensions"),
        ({"features": np.zeros((0, 4))}, "0 finite rows"),
        ({"features": np.full((5, 4), 1e300) * np.arange(5)[:, None]}, "not finite"),
    ],
)
def test_features_that_say_something_else_are_refused_by_name(
    tmp_path: Path, arrays: dict[str, np.ndarray], message: str
) -> None:
    """One sentence names the file, and what was found where something else should be."""
    path = tmp_path / "ref.npz"
    np.savez(path, **{"features": ROWS, **arrays})
    with pytest.raises(UsageError) as caught:
        load_reference(path, PASST, protocol=FASTVIDEO)
    assert message in caught.value.message
    assert "ref.npz" in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("statistics", "message"),
    [
        ({"sigma": -np.eye(4)}, "eigenvalue -1"),
        ({"sigma": np.diag([1.0, 1.0, 1.0, -0.01])}, "eigenvalue -0.01"),
        ({"sigma": np.triu(np.ones((4, 4)))}, "not symmetric"),
        ({"sigma": np.full((4, 4), np.nan)}, "not finite"),
        ({"sigma": np.full((4, 4), np.inf)}, "not finite"),
        ({"mu": np.full(4, np.nan)}, "not finite"),
        ({"sigma": np.eye(3)}, "do not fit together"),
        ({"sigma": np.ones(4)}, "do not fit together"),
        ({"sigma": np.eye(4, dtype=np.int64)}, "needs float"),
        ({"sigma": np.eye(4, dtype=complex)}, "needs float"),
        ({"mu": np.array(list("abcd"))}, "needs float"),
        ({"n": np.int64(1)}, "at least 2 rows"),
        ({"n": np.int64(-5)}, "at least 2 rows"),
    ],
)
def test_statistics_of_no_corpus_are_refused(tmp_path: Path, statistics: dict[str, np.ndarray], message: str) -> None:
    """A matrix that is no covariance gives a distance that means nothing."""
    path = tmp_path / "ref.npz"
    np.savez(path, **{"mu": np.zeros(4), "sigma": np.eye(4), "n": np.int64(9), **statistics})
    with pytest.raises(UsageError, match=message) as caught:
        load_reference(path, PASST, protocol=FASTVIDEO)
    assert "ref.npz" in caught.value.message


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_covariance_that_was_rounded_is_taken(tmp_path: Path, dtype: type, scale: float) -> None:
    """Of fewer rows than dimensions, in any precision, with the last digits of its halves apart: it is one."""
    rows = np.random.default_rng(1).standard_normal((20, 64)) * np.sqrt(scale)
    sigma = np.cov(rows, rowvar=False).astype(dtype)
    sigma[0, 1] = np.nextafter(sigma[0, 1], dtype(np.inf))
    path = tmp_path / "ref.npz"
    np.savez(path, mu=rows.mean(axis=0).astype(dtype), sigma=sigma)
    found = load_reference(path, Backbone(extractor="passt", dim=64, classes=0), protocol=FASTVIDEO)
    np.testing.assert_allclose(found.moments.covariance, sigma, rtol=1e-2, atol=1e-6 * scale)


@pytest.mark.parametrize(
    "name", ["text.npz", "number.npz", "gone.npz", "~nosuchuser/ref.npz", "x" * 300 + ".pt", "dir"]
)
@pytest.mark.parametrize("command", ["list", "doctor"])
def test_file_in_the_environment_that_is_not_understood_does_not_end_a_listing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, command: str
) -> None:
    """`list` and `doctor` say it in the line of the metric that reads it, and go on."""
    (tmp_path / "text.npz").write_text("not features")
    np.savez(tmp_path / "number.npz", features=np.float32(3))
    (tmp_path / "dir").mkdir()
    monkeypatch.setenv(VARIABLE, name if name.startswith("~") else os.fspath(tmp_path / name))
    monkeypatch.setenv("COLUMNS", "400")
    done = avmeter(command)
    assert set(list_metrics()) <= set(done.out.replace(":", " ").split())
    assert "Traceback" not in done.err


def test_options_of_another_model_are_refused(tmp_path: Path) -> None:
    """Two models of one extractor and one width do not compare."""
    path = tmp_path / "ref.npz"
    np.savez(path, features=ROWS, extractor=identity("clap_audio", model="laion"))
    backbone = Backbone(extractor="clap_audio", dim=4, classes=0, options={"model": "msclap-2023"})
    with pytest.raises(UsageError, match="model = laion, to be compared with msclap-2023"):
        load_reference(path, backbone, protocol=FASTVIDEO)


def exported(path: Path, *, precision: str = "float32", weights: str = "dummy") -> Path:
    """Write features as an export of a network does, with random values."""
    extractor = get_extractor("yamnet", protocol=FASTVIDEO)
    runtime = Runtime(device=torch.device("cpu"), precision=precision, weights=WeightsSource.parse(weights))
    table = FeatureTable(
        ids=tuple("abcdefghijkl"),
        rows=np.random.default_rng(0).standard_normal((12, 1024)).astype(np.float32),
        skips={},
        extractor=extractor.identity(),
        fingerprint=extractor.fingerprint(runtime),
        dummy=weights == "dummy",
    )
    return table.save(path, content="rows")


def evaluator_of(path: Path, metric: str = FRECHET, **options: object) -> Evaluator:
    reading = {"backbone": "yamnet", "reference_features": str(path)}
    return Evaluator([metric], "cpu", options={metric: reading}, **options)


@pytest.mark.parametrize("metric", [FRECHET, "audio.kernel_distance"])
def test_features_of_other_weights_are_refused(tmp_path: Path, metric: str) -> None:
    """Stand-in weights, or another version of a checkpoint: the distance would be one of networks, not of sounds."""
    path = exported(tmp_path / "reference.npz")
    evaluator_of(path, metric, weights="dummy")
    with pytest.raises(UsageError, match="made with stand-in weights of yamnet"):
        evaluator_of(path, metric, weights="auto")
    with pytest.raises(UsageError, match=r"other weights.*stand-in weights"):
        evaluator_of(exported(tmp_path / "auto.npz", weights="auto"), metric, weights="dummy")


def test_features_of_another_precision_are_a_note(tmp_path: Path) -> None:
    """The numbers differ a little, which the run says; a file that does not say what made it is taken as it is."""
    path = exported(tmp_path / "reference.npz", precision="bf16")
    clip = {"audio": (np.zeros(16_000, np.float32), 16_000)}
    with pytest.warns(UserWarning, match=r"made in bf16, and this run computes in float32"):
        results = evaluator_of(path, weights="dummy").evaluate([clip])
    assert any("made in bf16" in note for note in results.provenance["notes"])
    np.save(tmp_path / "unsigned.npy", np.ones((3, 1024)) * np.arange(3)[:, None])
    assert evaluator_of(tmp_path / "unsigned.npy", weights="dummy").evaluate([clip]).provenance["notes"] == []


@pytest.mark.parametrize("content", [None, b"", b"not an array"])
def test_broken_file_of_the_environment_hides_no_use_of_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    """What a checkpoint is for does not depend on it; a run that would read the file names it and ends."""
    path = tmp_path / "reference.npz"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv(VARIABLE, str(path))
    assert FRECHET in metrics_by_checkpoint()["passt"]
    assert FRECHET in avmeter("weights", "list").out
    with pytest.raises(UsageError, match=r"reference\.npz"):
        Evaluator([FRECHET], "cpu")


@pytest.mark.parametrize("metric", [FRECHET, "audio.kernel_distance"])
def test_empty_name_of_a_reference_file_is_refused(metric: str) -> None:
    """An empty variable of a script is not "no file"."""
    with pytest.raises(UsageError, match="no such file"):
        get_metric(metric, reference_features="")
