"""Which stream of a file is read: the one asked for, the default one, the first; and streams without a decoder."""

from pathlib import Path

import numpy as np
import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.media import AudioSpec, MediaItem, probe
from support.media import numbered, silence, tone, write_media, write_two_audio_tracks

RATE = 16_000


def rms(path: Path, audio_stream: int | None = None) -> float:
    with MediaItem.open(path, audio_stream=audio_stream) as item:
        return float(np.sqrt(np.mean(np.square(item.audio(AudioSpec())))))


@pytest.fixture(params=["mkv", "mp4"])
def two_tracks(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Silence first, a tone marked as default second."""
    waves = [silence(RATE, 1.0), tone(440, 0.5, RATE, 1.0)]
    return write_two_audio_tracks(tmp_path / f"a.{request.param}", waves, RATE, default=1)


def test_default_track_is_read(two_tracks: Path) -> None:
    """The second track is scored where the file marks it as default, and listed first."""
    assert rms(two_tracks) == pytest.approx(0.3535, abs=1e-3)
    assert [s.index for s in probe(two_tracks).audio] == [1, 0]


def test_first_track_is_read_where_none_is_the_default(tmp_path: Path) -> None:
    """Where no track is marked, the first one is meant."""
    waves = [tone(440, 0.5, RATE, 1.0), silence(RATE, 1.0)]
    assert rms(write_two_audio_tracks(tmp_path / "a.mkv", waves, RATE, default=7)) > 0.3


def test_requested_track_is_read(two_tracks: Path) -> None:
    """A position among the audio streams overrules the default."""
    assert rms(two_tracks, 0) == 0.0
    assert rms(two_tracks, 1) == pytest.approx(0.3535, abs=1e-3)


def test_track_beyond_the_last_is_a_skip(two_tracks: Path) -> None:
    """The message has the number of tracks."""
    with pytest.raises(MediaError, match=r"no audio stream 2 \(2 in the file\)") as caught:
        rms(two_tracks, 2)
    assert caught.value.code is SkipCode.NO_AUDIO_TRACK


@pytest.mark.parametrize("frames", [None, numbered(25)], ids=["audio", "audio and video"])
def test_sound_without_a_decoder_is_named_as_such(tmp_path: Path, frames: np.ndarray | None) -> None:
    """A codec that nobody knows is neither silence nor a file without sound."""
    path = write_media(tmp_path / "a.mkv", wave=tone(440, 0.5, 48_000, 1.0), audio_codec="flac", frames=frames)
    path.write_bytes(path.read_bytes().replace(b"A_FLAC", b"A_XLAC"))
    with (
        MediaItem.open(path) as item,
        pytest.raises(MediaError, match="no decoder for the codec of its audio") as caught,
    ):
        item.audio(AudioSpec())
    assert caught.value.code is SkipCode.NO_DECODER
    assert "audio stream without a decoder" in probe(path).describe()
    if frames is not None:
        assert len(item.frame_times) == 25


def test_video_without_a_decoder_leaves_the_sound(tmp_path: Path) -> None:
    """The other stream is scored."""
    path = write_media(tmp_path / "a.mkv", wave=tone(440, 0.5, 48_000, 1.0), frames=numbered(25))
    path.write_bytes(path.read_bytes().replace(b"V_MPEG4/ISO/AVC", b"V_MPEG4/ISO/XXX"))
    with MediaItem.open(path) as item:
        with pytest.raises(MediaError) as caught:
            _ = item.frame_times
        assert caught.value.code is SkipCode.NO_DECODER
        assert len(item.audio(AudioSpec(clock="video"))) > 47_000


def test_decodable_track_is_read_beside_one_that_is_not(tmp_path: Path) -> None:
    """A default track without a decoder gives way to one that has one."""
    waves = [silence(RATE, 1.0), tone(440, 0.5, RATE, 1.0)]
    path = write_two_audio_tracks(tmp_path / "a.mkv", waves, RATE, default=0)
    path.write_bytes(path.read_bytes().replace(b"A_FLAC", b"A_XLAC", 1))
    assert rms(path) > 0.3
    with pytest.raises(MediaError) as caught:
        rms(path, 0)
    assert caught.value.code is SkipCode.NO_DECODER
