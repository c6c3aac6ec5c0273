"""Times of frames are those of the time stamps."""

import numpy as np
import pytest

from avmeter.media import AudioSpec, FrameRequest, MediaItem
from support.media import click, flash_at_times, onset_s, write_media

ON_VIDEO = AudioSpec(clock="video")


def brightest_s(item):
    frames = item.frames(FrameRequest(indices=tuple(range(len(item.frame_times))), output="uint8"))
    return item.frame_times[int(np.argmax(np.asarray(frames).mean(axis=(1, 2, 3))))]


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
        assert onset_s(item.audio(ON_VIDEO), 48_000) == pytest.approx(1.0, abs=1e-3)
