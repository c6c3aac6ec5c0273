"""Every file at hand, compared with the catalog."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from avmeter.runtime.environment import Settings
from avmeter.weights import UnpinnedWeightsWarning, WeightsSource, verify
from avmeter.weights.catalog import catalog
from avmeter.weights.hashes import known_sha256
from support.privileges import without_root
from support.weights import put

TENSORS = save({"w": torch.zeros(4)})


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here may ask the network."""
    monkeypatch.setenv("AVMETER_OFFLINE", "1")


def test_verify_lists_what_is_here(tmp_path, monkeypatch) -> None:
    """Right, wrong, unknown; absent only when asked for; nothing is pinned."""
    put(tmp_path / "passt" / catalog()["passt"].file().name, b"x")
    put(tmp_path / "glm-asr-nano" / "model.safetensors", TENSORS)
    put(tmp_path / "glm-asr-nano" / "config.json", b"<html>Log in</html>")
    monkeypatch.setenv("AVMETER_WEIGHTS", str(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = {(s.entry, s.file): s.status for s in verify()}
        everything = {(s.entry, s.file): s.status for s in verify(absent=True)}
    assert found["passt", catalog()["passt"].file().name] == "mismatch"
    assert found["glm-asr-nano", "model.safetensors"] == "unpinned"
    assert found["glm-asr-nano", "config.json"] == "mismatch"
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
    path = put(tmp_path / "glm-asr-nano" / file, TENSORS)
    with pytest.warns(UnpinnedWeightsWarning):
        source.path("glm-asr-nano", file)
    status = {s.file: s.status for s in verify(source) if s.entry == "glm-asr-nano"}
    assert status[file] == "pinned"
    path.write_bytes(TENSORS.replace(b"w", b"v"))
    status = {s.file: s.status for s in verify(source) if s.entry == "glm-asr-nano"}
    assert status[file] == "mismatch"


def test_files_are_read_whatever_was_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`verify` answers for the bytes on the disk: a note that says otherwise is not asked."""
    source = WeightsSource.parse(tmp_path)
    path = put(tmp_path / "glm-asr-nano" / "model.safetensors", TENSORS)
    with pytest.warns(UnpinnedWeightsWarning):
        source.path("glm-asr-nano", path.name)
    monkeypatch.setattr("avmeter.weights.hashes._state", lambda path: ["as ever"])
    source.path("glm-asr-nano", path.name)
    known_sha256(path, Settings.read())
    path.write_bytes(TENSORS.replace(b"w", b"v"))
    assert [s.status for s in verify(source) if s.file == path.name and s.entry == "glm-asr-nano"] == ["mismatch"]
