"""Sources of clips: what they are called, and when two are the same."""

from pathlib import Path

import numpy as np

from avmeter.sample import MediaSource


def test_source_is_printed_by_what_it_is() -> None:
    """A path, a label, a number of bytes or a shape; never the content."""
    assert str(MediaSource(path=Path("a.wav"))) == "a.wav"
    assert str(MediaSource(data=b"1234", label="x.wav")) == "x.wav"
    assert str(MediaSource(data=b"1234")) == "4 bytes"
    assert str(MediaSource(samples=np.zeros((2, 8)))) == "array (2, 8)"
    assert str(MediaSource(frames=np.zeros((2, 3, 4, 4)))) == "array (2, 3, 4, 4)"


def test_identity_follows_content_and_the_way_it_is_read() -> None:
    """Samples that share a clip share its features; another track or rate is another clip."""
    array = np.zeros(8)
    assert MediaSource(path=Path("a")).identity == MediaSource(path=Path("a")).identity
    assert MediaSource(samples=array).identity == MediaSource(samples=array).identity
    sources = [
        MediaSource(path=Path("a")),
        MediaSource(path=Path("a"), audio_stream=1),
        MediaSource(path=Path("b")),
        MediaSource(samples=array, sample_rate=8000),
        MediaSource(samples=array, sample_rate=16_000),
        MediaSource(data=b"a"),
    ]
    assert len({s.identity for s in sources}) == len(sources)


def test_files_and_bytes_may_come_again_and_arrays_do_not() -> None:
    """Features of arrays are not stored."""
    assert MediaSource(path=Path("a")).is_repeatable
    assert MediaSource(data=b"a").is_repeatable
    assert not MediaSource(samples=np.zeros(8)).is_repeatable


def test_frames_have_no_audio() -> None:
    """Files may have some, frames in memory have none."""
    assert MediaSource(path=Path("a")).has_audio
    assert not MediaSource(frames=np.zeros((2, 3, 4, 4))).has_audio
