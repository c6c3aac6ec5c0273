"""Which frame is on the screen when; and sound and picture of real files on one clock."""

from fractions import Fraction

import numpy as np
import pytest

from avmeter.media import (
    AudioSpec,
    FrameRequest,
    MediaItem,
    first_frame_from,
    fixed_rate_indices,
    frames_at,
    last_frame_before,
    picture_duration_s,
    rounded_rate_indices,
)
from support.media import click, flash, flash_at_times, onset_s, write_media

TIMES = np.array([0.0, 0.1, 0.2, 0.5])
RATES = [8, Fraction(24_000, 1001), 24, 25, Fraction(30_000, 1001), 30, 50, 60]
ON_PICTURE = AudioSpec(clock="picture")


def brightest_s(item):
    frames = item.frames(FrameRequest(indices=tuple(range(len(item.frame_times))), output="uint8"))
    return item.frame_times[int(np.argmax(np.asarray(frames).mean(axis=(1, 2, 3))))]


def test_a_frame_stays_until_the_next_one():
    """The frame shown is the last that starts at or before a time, the first one for earlier times."""
    times = np.array([-1.0, 0.0, 0.05, 0.1 - 1e-9, 0.3, 0.5, 9.0])
    assert frames_at(TIMES, times).tolist() == [0, 0, 0, 1, 2, 3, 3]


def test_neighbours_of_a_time():
    """First frame at or after a time, last frame before it."""
    assert [first_frame_from(TIMES, t) for t in (0.0, 0.1, 0.11, 0.6)] == [0, 1, 2, 4]
    assert [last_frame_before(TIMES, t) for t in (0.0, 0.1, 0.11, 0.6)] == [-1, 0, 1, 3]


def test_fixed_rate_repeats_and_drops():
    """Ticks before the end, each with the frame on the screen."""
    assert fixed_rate_indices(TIMES, 10.0, 0.6).tolist() == [0, 1, 2, 2, 2, 3]
    assert fixed_rate_indices(np.arange(6) / 30, 15.0, 0.2).tolist() == [0, 2, 4]
    assert fixed_rate_indices(TIMES, 10.0, 0.0).tolist() == []


def test_rounded_rate_moves_frames_to_the_nearest_tick():
    """24 -> 25 fps: frame i is at tick round(25 i / 24), half away from zero."""
    found = rounded_rate_indices(np.arange(24) / 24, 25.0, 1.0)
    assert len(found) == 25
    assert found.tolist() == [*range(12), 11, *range(12, 24)]


def test_duration_of_the_last_frame():
    """Stated, else the median distance of frames."""
    assert picture_duration_s(TIMES) == pytest.approx(0.6)
    assert picture_duration_s(TIMES, 0.05) == pytest.approx(0.55)
    assert picture_duration_s(np.array([])) == 0.0


@pytest.mark.parametrize("fps", RATES, ids=str)
@pytest.mark.parametrize("shift_s", [-1.0, -0.5, 0.0, 0.5, 1.0])
def test_flash_and_click_are_where_they_were_put(tmp_path, fps, shift_s):
    """Constant rate: the flash within a frame of 1.5 s, the click within 1 ms of 1.5 s + shift."""
    path = tmp_path / "a.mp4"
    wave = click(1.5 + shift_s, 48_000, 3.0)
    write_media(path, wave=wave, frames=flash(1.5, float(fps), 3.0, 32, 48), fps=fps)
    with MediaItem.open(path) as item:
        assert abs(brightest_s(item) - 1.5) < 1 / float(fps)
        assert onset_s(item.audio(ON_PICTURE), 48_000) == pytest.approx(1.5 + shift_s, abs=1e-3)
        assert np.diff(item.frame_times) == pytest.approx(1 / float(fps), abs=2e-5)


@pytest.mark.parametrize("shift_s", [-1.0, -0.5, 0.5, 1.0])
@pytest.mark.parametrize("container", ["mp4", "mkv", "mov", "ts"])
def test_streams_that_start_late_are_placed(tmp_path, shift_s, container):
    """The track that is muxed later is heard or seen later, whichever it is."""
    path = tmp_path / f"a.{container}"
    write_media(
        path,
        wave=click(2.0, 48_000, 4.0),
        frames=flash(2.0, 25, 4.0, 32, 48),
        audio_start_s=max(0.0, shift_s),
        video_start_s=max(0.0, -shift_s),
    )
    with MediaItem.open(path) as item:
        assert abs(brightest_s(item) - 2.0) < 1 / 25
        assert onset_s(item.audio(ON_PICTURE), 48_000) == pytest.approx(2.0 + shift_s, abs=2e-3)


def test_variable_rate_is_read_from_time_stamps(tmp_path):
    """Frames at irregular times come back at those times."""
    rng = np.random.default_rng(0)
    times_s = np.cumsum(np.concatenate([[0], rng.choice([1, 2, 3, 7], 59)])) / 60
    path = tmp_path / "vfr.mp4"
    write_media(
        path,
        wave=click(1.0, 48_000, float(times_s[-1])),
        frames=flash_at_times(1.0, times_s, 32, 48),
        fps=60,
        times_s=times_s,
    )
    with MediaItem.open(path) as item:
        assert item.frame_times == pytest.approx(times_s, abs=1e-4)
        shown = times_s[np.searchsorted(times_s, 1.0 + 1e-6, side="right") - 1]
        assert brightest_s(item) == pytest.approx(shown, abs=1e-4)
        assert onset_s(item.audio(ON_PICTURE), 48_000) == pytest.approx(1.0, abs=1e-3)


def test_hole_in_a_track_becomes_silence_on_the_clock_of_the_picture(tmp_path):
    """Points after missing time stamps are heard when the time stamps say."""
    from avmeter.media.audio import render
    from avmeter.media.decode import Losses, SoundBlock
    from avmeter.media.mixdown import channel_weights
    from avmeter.media.track import collect_track

    ones = np.ones((1000, 1), np.float32)
    blocks = [SoundBlock(points=ones, sample_rate=1000, channels=("FC",), time_s=t) for t in (10.5, 11.5, 13.0, 14.001)]
    track = collect_track(blocks, Losses(), sample_rate=1000, num_channels=1, picture_start_s=10.0)
    assert track.facts.gaps == ((2000, 500),)
    wave = render(track, ON_PICTURE, channel_weights(("FC",)))
    assert len(wave) == 5000
    assert not wave[:500].any()
    assert wave[500:2500].all()
    assert not wave[2500:3000].any()
    assert wave[3000:].all()
    assert len(render(track, AudioSpec(), channel_weights(("FC",)))) == 4000
