"""Every file at hand, compared with the catalog."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from avmeter.runtime.environment import Settings
from avmeter.weights import UnpinnedWeightsWarning, WeightsSource, verify
from avmeter.weights.catalog import catalog
from support.privileges import without_root
from support.weights import put


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here may ask the network."""
    monkeypatch.setenv("AVMETER_OFFLINE", "1")


def test_verify_lists_what_is_here(tmp_path, monkeypatch) -> None:
    """Right, wrong, unknown; absent only when asked for; nothing is pinned."""
    put(tmp_path / "passt" / catalog()["passt"].file().name, b"x")
    put(tmp_path / "glm-asr-nano" / "model.safetensors", b"x")
    monkeypatch.setenv("AVMETER_WEIGHTS", str(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = {(s.entry, s.file): s.status for s in verify()}
        everything = {(s.entry, s.file): s.status for s in verify(absent=True)}
    assert found["passt", catalog()["passt"].file().name] == "mismatch"
    assert found["glm-asr-nano", "model.safetensors"] == "unpinned"
    assert "absent" not in found.values()
    assert everything["vggish", "vggish-10086976.pth"] == "absent"
    assert not Settings.read().lock_file.exists()


def test_file_that_cannot_be_read_is_told_from_an_absent_one(open_folder: Path) -> None:
    """It is here, and nobody knows what it holds."""
    path = put(open_folder / "passt" / catalog()["passt"].file().name)
    path.chmod(0)
    with without_root():
        (found,) = [s for s in verify(WeightsSource.parse(open_folder)) if s.entry == "passt"]
    assert (found.status, found.path, found.sha256) == ("unreadable", path.resolve(), None)


def test_pinned_file_is_one_that_equals_its_pin(tmp_path: Path) -> None:
    """And another file under its name is a mismatch."""
    source, file = WeightsSource.parse(tmp_path), "model.safetensors"
    path = put(tmp_path / "glm-asr-nano" / file)
    with pytest.warns(UnpinnedWeightsWarning):
        source.path("glm-asr-nano", file)
    status = {s.file: s.status for s in verify(source) if s.entry == "glm-asr-nano"}
    assert status[file] == "pinned"
    path.write_bytes(b"another")
    status = {s.file: s.status for s in verify(source) if s.entry == "glm-asr-nano"}
    assert status[file] == "mismatch"
