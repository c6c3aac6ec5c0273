"""Features that another decoder made are not served."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from avmeter import create_evaluator
from avmeter.engine.decode.content import content_key_of
from avmeter.media import decoder_version
from avmeter.sample import MediaSource
from support.media import tone, write_pcm_wav


def test_version_names_the_libraries() -> None:
    """PyAV and what it was built with."""
    version = decoder_version()
    assert version.startswith(f"av{av.__version__}-avformat")
    assert "avcodec" in version
    assert "swscale" in version


def test_key_of_media_holds_the_decoder_and_that_of_text_does_not(tmp_path: Path) -> None:
    """A text is read without one."""
    path = write_pcm_wav(tmp_path / "a.wav", tone(440, 0.5, 16_000, 1.0), 16_000)
    assert content_key_of(MediaSource(path=path)).endswith(decoder_version())
    assert decoder_version() not in content_key_of("a text")


def test_features_of_another_decoder_are_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that was filled with another PyAV gives nothing to this one."""
    path = write_pcm_wav(tmp_path / "a.wav", tone(440, 0.5, 16_000, 1.0), 16_000)

    def from_store() -> int:
        evaluator = create_evaluator(metrics=["audio.loudness"], store=tmp_path / "store")
        return int(evaluator.evaluate(samples=[{"audio": str(path)}]).provenance["store_reads"])

    assert (from_store(), from_store()) == (0, 1)
    monkeypatch.setattr("avmeter.engine.decode.content.decoder_version", lambda: "av0.0.0")
    assert from_store() == 0
