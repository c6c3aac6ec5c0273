"""Durations that a demuxer guesses are not held against a file."""

from pathlib import Path

import numpy as np
import pytest

from avmeter.media import MediaItem, probe
from avmeter.media.container import FileBytes
from avmeter.media.guessed_duration import has_guessed_duration
from support.media import numbered, silence, tone, write_media


def test_raw_aac_has_no_duration_in_its_header(tmp_path: Path) -> None:
    """10 s of silence and 10 s of noise: the first bit rate says minutes, the file 20 s, and nobody complains."""
    noise = (0.3 * np.random.default_rng(0).standard_normal(480_000)).astype(np.float32)
    path = write_media(tmp_path / "a.aac", wave=np.concatenate([silence(48_000, 10.0), noise]), container="adts")
    with MediaItem.open(path) as item:
        assert item.audio_facts.duration_s == pytest.approx(20.04, abs=0.05)
        assert item.audio_facts.header_duration_s is None
        assert not item.audio_facts.header_duration_mismatch


def test_transport_stream_has_no_duration_in_its_header(tmp_path: Path) -> None:
    """What libav says comes from the last time stamps."""
    path = write_media(tmp_path / "a.ts", wave=tone(440, 0.5, 48_000, 2.0), frames=numbered(50))
    assert probe(path).audio[0].duration_s is None
    with MediaItem.open(path) as item:
        assert not item.audio_facts.header_duration_mismatch


@pytest.mark.parametrize("tag", [b"", b"ID3\x04\x00\x00\x00\x00\x4e\x20" + bytes(10_016)])
def test_mp3_reports_a_duration_only_in_its_first_frame(tmp_path: Path, tag: bytes) -> None:
    """With the number of frames it is reported, without it is guessed; a large tag in front changes nothing."""
    path = write_media(
        tmp_path / "a.mp3", wave=tone(440, 0.5, 44_100, 2.0), sample_rate=44_100, audio_codec="libmp3lame"
    )
    data = path.read_bytes()
    start = data.index(b"\xff\xfb")
    with_count = FileBytes(tag + data[start:])
    assert not has_guessed_duration("mp3", with_count)
    without_count = FileBytes(with_count.data.replace(b"Xing", b"xxxx").replace(b"Info", b"xxxx"))
    assert has_guessed_duration("mp3", without_count)
    assert probe(without_count).audio[0].duration_s is None


@pytest.mark.parametrize(("container", "guessed"), [("wav", False), ("matroska,webm", False), ("mpegts", True)])
def test_formats_are_told_apart(container: str, guessed: bool) -> None:
    """Headers of files report, raw and transport streams do not."""
    assert has_guessed_duration(container, FileBytes(b"")) is guessed
