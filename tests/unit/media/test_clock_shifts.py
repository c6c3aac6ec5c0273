"""Clocks that jump are followed: parts of a file come one after the other, never shuffled."""

from pathlib import Path

import av
import numpy as np
import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.media import AudioSpec, FrameRequest, MediaItem
from avmeter.media.clock_shifts import _MAY_JUMP, follow, read_shifts
from avmeter.media.container import _DEMUXERS
from support.media import numbered, onset_s, tone, write_media

STEP_S = 0.04


def stamps(*starts_s: float, num_packets: int = 50, duration_s: float = STEP_S) -> list[tuple[int, float, float]]:
    times_s = [start_s + STEP_S * k for start_s in starts_s for k in range(num_packets)]
    return [(i, t, duration_s) for i, t in enumerate(times_s)]


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two seconds of H.264 and AAC in MPEG-TS."""
    path = tmp_path_factory.mktemp("ts") / "half.ts"
    return write_media(path, wave=tone(440, 0.5, 48_000, 2.0), frames=numbered(50), gop=12).read_bytes()


@pytest.mark.parametrize("duration_s", [STEP_S, 0.0])
def test_clock_that_goes_back_goes_on_from_where_it_was(duration_s: float) -> None:
    """The shift is what was played so far, whether or not packets state their durations."""
    assert follow(stamps(5.0, 5.0, 5.0, duration_s=duration_s), []) == [
        (50, pytest.approx(2.0)),
        (100, pytest.approx(4.0)),
    ]


def test_leap_of_hours_is_closed_and_a_gap_of_seconds_is_not() -> None:
    """Forward by more than 10 s is a discontinuity; less is a gap of the clip itself."""
    assert follow(stamps(0.0, 36_000.0), []) == [(50, pytest.approx(-35_998.0))]
    assert follow(stamps(0.0, 7.0), []) == []


def test_reordered_and_jittering_stamps_are_no_discontinuity() -> None:
    """A step back of less than 0.1 s is none."""
    jittered = [(i, t + 0.03 * (-1) ** i, d) for i, t, d in stamps(0.0)]
    assert follow(jittered, []) == []


def test_audio_takes_the_shift_of_the_video() -> None:
    """Streams that end at slightly different times stay together."""
    assert follow(stamps(0.0, 0.0, num_packets=51), [2.0]) == [(51, 2.0)]
    assert follow(stamps(0.0, 0.0, num_packets=51), [7.0]) == [(51, pytest.approx(2.04))]


def test_joined_transport_streams_are_played_one_after_the_other(tmp_path: Path, half: bytes) -> None:
    """4.00 s of video with its 100 frames in the order of the file, and 4.05 s of audio."""
    path = tmp_path / "joined.ts"
    path.write_bytes(half + half)
    with MediaItem.open(path) as item:
        assert item.frame_times == pytest.approx(np.arange(100) / 25, abs=1e-4)
        assert item.video_duration_s == pytest.approx(4.0, abs=1e-4)
        assert item.audio_facts.duration_s == pytest.approx(4.053, abs=0.005)
        frames = np.asarray(item.frames(FrameRequest(indices=tuple(range(100)), output="uint8"))).astype(float)
        assert len(item.audio(AudioSpec(clock="video"))) / 48_000 == pytest.approx(4.03, abs=0.03)
    expected = 10 + 4 * np.tile(np.arange(50), 2)
    assert np.abs(frames.mean(axis=(1, 2, 3)) - expected).max() <= 2


def test_transport_stream_that_leaps_by_hours_has_no_hours_in_it(tmp_path: Path, half: bytes) -> None:
    """A stream that goes on ten hours later is as long as what it holds."""
    late = write_media(
        tmp_path / "late.ts",
        wave=tone(440, 0.5, 48_000, 2.0),
        frames=numbered(50),
        audio_start_s=36_000.0,
        video_start_s=36_000.0,
    )
    path = tmp_path / "leap.ts"
    path.write_bytes(half + late.read_bytes())
    with MediaItem.open(path) as item:
        assert item.video_duration_s == pytest.approx(4.0, abs=0.1)
        assert item.audio_facts.gaps == ()
        assert len(item.audio(AudioSpec(clock="video"))) / 48_000 == pytest.approx(4.0, abs=0.1)


def test_joined_transport_stream_without_video_is_followed(tmp_path: Path) -> None:
    """Audio alone follows its own clock."""
    half = write_media(tmp_path / "half.ts", wave=tone(440, 0.5, 48_000, 1.0))
    path = tmp_path / "joined.ts"
    path.write_bytes(half.read_bytes() * 3)
    with MediaItem.open(path) as item:
        assert item.audio_facts.duration_s == pytest.approx(3.1, abs=0.1)
        assert item.audio_facts.gaps == ()


def test_files_with_a_steady_clock_have_no_shifts(tmp_path: Path, half: bytes) -> None:
    """Nothing is changed where nothing jumps."""
    path = tmp_path / "half.ts"
    path.write_bytes(half)
    assert read_shifts(path, "mpegts") == {}
    assert read_shifts(write_media(tmp_path / "a.mp4", frames=numbered(5)), "mov,mp4,m4a,3gp,3g2,mj2") == {}


def test_matroska_that_leaps_by_hours_is_skipped_by_name(tmp_path: Path) -> None:
    """Where the format does not allow jumps the time stamps are named, and no hour is sampled."""
    times_s = np.arange(10) / 25
    times_s[5:] += 36_000
    path = write_media(tmp_path / "leap.mkv", frames=numbered(10), times_s=times_s)
    with MediaItem.open(path) as item, pytest.raises(MediaError, match=r"jump by 36000 s at frame 5 of 10") as caught:
        _ = item.frame_times
    assert caught.value.code is SkipCode.DECODE_ERROR


def test_sound_before_a_leap_stays_where_it_is(tmp_path: Path, half: bytes) -> None:
    """The first part of a joined file keeps its clock."""
    path = tmp_path / "joined.ts"
    path.write_bytes(half + half)
    with MediaItem.open(path) as item:
        assert abs(onset_s(item.audio(AudioSpec(clock="video")), 48_000)) < 0.03


def test_every_demuxer_whose_clock_may_jump_is_followed() -> None:
    """Those that libavformat flags, of those that are opened."""
    demuxers = [av.format.ContainerFormat(n, "r") for n in _DEMUXERS.split() if n in av.formats_available]
    flagged = {d.name for d in demuxers if d.flags & 0x0200}
    assert flagged
    assert flagged <= _MAY_JUMP
