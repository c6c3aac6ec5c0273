"""Checkpoints of metrics that users bring."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.errors import UsageError, WeightsError
from avmeter.fastvideo.models import ensure_checkpoint, get_cache_dir

URL = "https://weights.invalid/head.pth"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTVIDEO_EVAL_CACHE", str(tmp_path / "fastvideo"))
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "ours"))
    monkeypatch.setenv("AVMETER_OFFLINE", "1")


def test_path_is_returned_as_it_is(tmp_path: Path) -> None:
    """A file or a folder."""
    assert ensure_checkpoint("head.pth", str(tmp_path)) == str(tmp_path)


def test_what_fastvideo_has_downloaded_is_used(tmp_path: Path) -> None:
    """No network is asked."""
    there = get_cache_dir() / "models" / "head.pth"
    assert there == tmp_path / "fastvideo" / "models" / "head.pth"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"weights")
    assert ensure_checkpoint("head.pth", URL) == str(there)


def test_url_without_a_network_is_a_sentence() -> None:
    """The variable that forbids it is named."""
    with pytest.raises(WeightsError, match="AVMETER_OFFLINE forbids the network"):
        ensure_checkpoint("head.pth", URL)


def test_anything_else_is_refused() -> None:
    """With what a source may be."""
    with pytest.raises(UsageError, match="no path, URL or repository") as caught:
        ensure_checkpoint("head.pth", "head")
    assert "owner/name" in caught.value.hint
