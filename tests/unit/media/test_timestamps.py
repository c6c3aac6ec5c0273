"""Times of frames are those of the time stamps."""

import av
import numpy as np
import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.media import AudioSpec, FrameRequest, MediaItem, timestamps
from support.media import click, flash_at_times, numbered, onset_s, write_media

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


def write_open_groups(path, skip):
    """HEVC with open groups of 12 frames, copied from its key frame number `skip` on."""
    whole = path.with_name("whole.mkv")
    settings = "open-gop=1:keyint=12:min-keyint=12:scenecut=0:bframes=4:b-adapt=0:log-level=none"
    with av.open(str(whole), "w") as out:
        stream = out.add_stream("libx265", rate=25, options={"x265-params": settings})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for frame in numbered(50):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        out.mux(stream.encode(None))
    num_keys = num_leading = 0
    key_pts = None
    with av.open(str(whole)) as source, av.open(str(path), "w") as out:
        copy = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            num_keys += packet.is_keyframe
            if packet.size and num_keys > skip:
                key_pts = packet.pts if key_pts is None else key_pts
                num_leading += packet.pts < key_pts
                packet.stream = copy
                out.mux(packet)
    return path, num_leading


@pytest.mark.parametrize("skip", [1, 2])
def test_leading_frames_that_cannot_be_decoded_are_not_shown(tmp_path, skip):
    """A file that starts within an open group begins with its first frame that can be decoded."""
    path, num_leading = write_open_groups(tmp_path / "cut.mkv", skip)
    assert num_leading >= 1
    with MediaItem.open(path) as item:
        count = len(item.frame_times)
        levels = np.asarray(item.frames(FrameRequest(indices=tuple(range(count)), output="uint8"))).mean(axis=(1, 2, 3))
        shown = np.round((levels - 10) / 4).astype(int)
    assert np.diff(shown).tolist() == [1] * (count - 1)
    assert (shown[0] % 12, shown[-1]) == (0, 49)
    assert item.frame_times == pytest.approx(np.arange(count) / 25, abs=1.1e-3)


def test_leading_frames_that_can_be_decoded_are_shown(tmp_path):
    """A file that starts with a closed group has all of its frames."""
    path, num_leading = write_open_groups(tmp_path / "cut.mkv", 0)
    assert num_leading == 0
    with MediaItem.open(path) as item:
        assert len(item.frame_times) == 50


def test_stream_without_key_frames_begins_where_it_has_recovered(tmp_path):
    """Intra refresh, cut in the middle: the frames before one is whole are not shown, and not missed."""
    whole, path = tmp_path / "whole.mkv", tmp_path / "cut.mkv"
    with av.open(str(whole), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"x264-params": "keyint=12:bframes=0:intra-refresh=1"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for frame in numbered(50):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        out.mux(stream.encode(None))
    with av.open(str(whole)) as source, av.open(str(path), "w") as out:
        copy = out.add_stream_from_template(source.streams.video[0])
        for packet in [p for p in source.demux(video=0) if p.size][5:]:
            packet.stream = copy
            out.mux(packet)
    with MediaItem.open(path) as item:
        count = len(item.frame_times)
        levels = np.asarray(item.frames(FrameRequest(indices=tuple(range(count)), output="uint8"))).mean(axis=(1, 2, 3))
    assert 25 <= count < 45
    assert np.round((levels - 10) / 4).tolist() == list(range(50 - count, 50))


def test_clock_that_goes_back_is_a_skip_that_says_where():
    """Frames of two parts are never shuffled into each other."""
    timed = [(k, 1) for k in range(100)] + [(k, 1) for k in range(100)]
    with pytest.raises(MediaError, match=r"go back by 3.96 s at frame 100 of 200") as caught:
        timestamps._timestamps(timed, 0.04, "a.avi")
    assert caught.value.code is SkipCode.DECODE_ERROR
    reordered = timestamps._timestamps([(0, 1), (4, 1), (2, 1), (1, 1), (3, 1)], 0.04, "a.mp4")
    assert reordered.stamps.tolist() == [0, 1, 2, 3, 4]


def test_last_frame_that_lasts_for_hours_has_no_known_duration():
    """A duration of hours is a broken header: at a fixed rate it would be hours of one frame."""
    assert timestamps._timestamps([(0, 1), (1, 10**6)], 0.04, "a.mkv").last_duration_s is None
    assert timestamps._timestamps([(0, 1), (1, 100)], 0.04, "a.mkv").last_duration_s == pytest.approx(4.0)


def test_unsorted_stamps_are_refused():
    """The value is consistent from its making."""
    with pytest.raises(ValueError, match="not sorted"):
        timestamps.FrameTimestamps(stamps=np.array([1, 0]), unit_s=1.0, last_duration_s=None)
