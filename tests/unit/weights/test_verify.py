"""Every file at hand, compared with the catalog."""

from __future__ import annotations

import warnings

import pytest

from avmeter.runtime.environment import Settings
from avmeter.weights import verify
from avmeter.weights.catalog import catalog
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
