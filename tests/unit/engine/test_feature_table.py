"""Features of a set are a table whose rows are named, and a file that others read."""

import numpy as np
import pytest

from avmeter.engine.feature_table import FeatureTable, check_export, collect_features
from avmeter.errors import SkipCode, UsageError
from avmeter.features.base import Features
from avmeter.sample import as_samples
from support.engine import Blocks, clip, computer


class Embedding(Blocks):
    """The means of two blocks as an embedding; what is loud is not finite."""

    def pool(self, outputs, windows, facts):
        means = np.array([o["mean"] for o in outputs][:2])
        return Features(arrays={"embedding": np.where(means > 0.9, np.nan, means)})


def table_of(samples, extractor=None, **options):
    return collect_features(as_samples(samples), computer(**options), extractor or Embedding())


def test_rows_are_those_of_the_clips_and_the_rest_is_named(tmp_path):
    """In their order; clips of the role "reference" are context and left out."""
    samples = [
        {"id": "a", **clip(0.5)},
        {"id": "b", "audio": str(tmp_path / "absent.wav")},
        {"id": "c", **clip(0.25)},
        {"id": "d", **clip(0.95)},
        {"id": "e", **clip(0.1), "role": "reference"},
    ]
    table = table_of(samples, dummy=True)
    assert table.ids == ("a", "c")
    np.testing.assert_allclose(table.rows, [[0.5, 0.5], [0.25, 0.25]])
    assert {k: s.code for k, s in table.skips.items()} == {"b": SkipCode.MISSING_FILE, "d": SkipCode.NON_FINITE}
    assert table.dummy
    assert table.extractor == Embedding().identity()


def test_progress_ends_with_all_clips():
    """Per chunk."""
    calls = []
    collect_features(as_samples([clip(0.5)] * 3), computer(), Embedding(), progress=lambda *call: calls.append(call))
    assert calls[-1] == (3, 3)


def test_extractor_without_an_embedding_is_refused_with_what_it_has():
    """Its arrays are named."""
    with pytest.raises(UsageError, match="makes no embedding \\(its arrays: means\\)"):
        table_of([clip(0.5)], Blocks())


def test_set_of_which_nothing_can_be_embedded_says_why(tmp_path):
    """The first reason stands for all."""
    with pytest.raises(UsageError, match=r"absent\.wav"):
        table_of([{"audio": str(tmp_path / "absent.wav")}])


def table(rows):
    return FeatureTable(
        ids=tuple(str(i) for i in range(len(rows))), rows=rows, skips={}, extractor="x", fingerprint="f", dummy=False
    )


def test_saved_statistics_are_mean_and_covariance(tmp_path):
    """In float64, over all rows."""
    rows = np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32)
    with np.load(table(rows).save(tmp_path / "a.npz")) as file:
        np.testing.assert_allclose(file["mu"], rows.mean(axis=0, dtype=np.float64), atol=1e-12)
        np.testing.assert_allclose(file["sigma"], np.cov(rows.astype(np.float64), rowvar=False), atol=1e-12)
        assert (file["n"], file["dim"]) == (20, 3)


def test_saved_rows_are_the_features_and_their_names(tmp_path):
    """As they are."""
    rows = np.eye(3, dtype=np.float32)
    with np.load(table(rows).save(tmp_path / "a.npz", content="rows")) as file:
        np.testing.assert_array_equal(file["features"], rows)
        assert file["ids"].tolist() == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("a.npz", "statistics", "at least 2 clips"), ("a.npy", "rows", "written as .npz"), ("a.npz", "x", "neither")],
)
def test_table_that_cannot_be_saved_says_why(tmp_path, name, content, said):
    """One clip has no covariance; other names and contents are refused."""
    with pytest.raises(UsageError, match=said):
        table(np.ones((1, 3), np.float32)).save(tmp_path / name, content=content)


def test_file_that_cannot_be_written_to_its_end_is_the_old_one(tmp_path, monkeypatch):
    """A full disk costs the new features alone; a link is followed."""
    path = tmp_path / "link.npz"
    path.symlink_to(tmp_path / "real.npz")
    table(np.eye(3, dtype=np.float32)).save(str(path))
    before = (tmp_path / "real.npz").read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(UsageError, match="No space left on device"):
            table(np.ones((9, 3), np.float32)).save(path)
    assert (tmp_path / "real.npz").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link.npz", "real.npz"]
    assert path.is_symlink()


@pytest.mark.parametrize("name", ["mine.npz", "folder.npz", "no/where.npz", "x" * 300 + ".npz"])
def test_file_of_others_is_not_replaced(tmp_path, name):
    """A folder and names that cannot be are refused too, before anything is computed."""
    (tmp_path / "folder.npz").mkdir()
    np.savez(tmp_path / "mine.npz", a=np.ones(3))
    before = (tmp_path / "mine.npz").read_bytes()
    for call in (check_export, table(np.eye(3, dtype=np.float32)).save):
        with pytest.raises(UsageError):
            call(tmp_path / name)
    assert (tmp_path / "mine.npz").read_bytes() == before
