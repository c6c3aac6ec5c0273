"""Whatever is decoded reports how long it is, and ends where it is told to."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from avmeter.media import AudioSpec, FrameRequest, open_media, unwatched
from avmeter.media.advance import duration_of
from avmeter.sample import MediaSource
from support.media import numbered, tone, write_image_folder, write_media


class EndedError(Exception):
    pass


@pytest.fixture
def clip(tmp_path):
    return write_media(tmp_path / "a.mp4", wave=tone(440, 0.5, 16_000, 4), sample_rate=16_000, frames=numbered(100))


def test_tracks_report_their_length(clip):
    """Each once, as long as it is."""
    seconds = []
    with open_media(MediaSource(path=clip), advance=seconds.append) as item:
        item.audio_facts  # noqa: B018 - decodes
        assert sum(seconds) == pytest.approx(4, abs=0.2)
        item.frames(FrameRequest(indices=(99,), resize=None, crop=None, output="uint8"))
        assert sum(seconds) == pytest.approx(8, abs=0.4)


@pytest.mark.parametrize("after", [0, 3, 40, 150])
def test_whatever_decodes_ends_where_it_is_ended(clip, after):
    """Opening, demuxing, sound and frames alike."""
    calls = []

    def advance(_):
        calls.append(_)
        if len(calls) > after:
            raise EndedError

    def use():
        with open_media(MediaSource(path=clip), advance=advance) as item:
            len(item.frame_times)
            item.audio(AudioSpec(sample_rate=8000))
            item.frames(FrameRequest(indices=(99,), resize=None, crop=None, output="uint8"))

    with pytest.raises(EndedError):
        use()
    assert len(calls) == after + 1


def test_folder_of_images_ends_between_two(tmp_path):
    """They are decoded one by one."""
    seconds = []
    source = MediaSource(path=write_image_folder(tmp_path / "frames", numbered(4)), fps=2)
    with open_media(source, advance=seconds.append) as item:
        item.frames(FrameRequest(indices=(0, 1, 2), resize=None, crop=None, output="uint8"))
    assert seconds == [0.5] * 3


def test_frame_without_a_length_or_with_a_broken_one_counts_little():
    """A time limit must not grow by what a broken file says."""

    def frame(duration):
        return SimpleNamespace(duration=duration, time_base=Fraction(1, 100))

    assert duration_of(frame(4)) == 0.04
    assert duration_of(frame(10**9)) == 1.0
    assert duration_of(frame(None)) == duration_of(frame(-5)) == 0.02
    assert unwatched(1.0) is None
    assert np.isclose(duration_of(SimpleNamespace(sample_rate=8000, samples=80)), 0.01)
