"""Media over all inputs: damage is always a named skip, spools are arrays, clocks are monotonic."""

import contextlib
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from avmeter.errors import MediaError
from avmeter.media import AudioSpec, FrameRequest, MediaItem, Spool, fixed_rate_indices, frames_at
from avmeter.media.audio_health import clipping_share, silence_share
from avmeter.media.clock import rounded_rate_indices
from support.media import numbered, tone, write_media

FILES = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TIMES = st.lists(st.floats(0.002, 2.0), min_size=1, max_size=40).map(lambda d: np.cumsum(d) - d[0])


@pytest.fixture(scope="module", params=["mp4", "mkv", "wav", "mp3", "avi", "ts"])
def clip(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("clips") / f"a.{request.param}"
    codecs = {"wav": "pcm_s16le", "mp3": "libmp3lame", "avi": "libmp3lame"}
    frames = numbered(20, 32, 48) if request.param in ("mp4", "mkv", "avi", "ts") else None
    codec = codecs.get(request.param, "aac")
    write_media(path, wave=tone(440, 0.5, 44_100, 0.8), sample_rate=44_100, audio_codec=codec, frames=frames)
    return path.read_bytes(), request.param


@FILES
@given(data=st.data())
def test_damaged_files_give_values_or_named_skips(clip, tmp_path, data):
    """Whatever bytes are changed or cut: a `MediaError`, or finite sound and frames in range."""
    whole, suffix = clip
    damaged = bytearray(whole[: data.draw(st.integers(1, len(whole)))])
    for _ in range(data.draw(st.integers(0, 8))):
        start = data.draw(st.integers(0, len(damaged) - 1))
        part = data.draw(st.binary(min_size=1, max_size=16))
        damaged[start : start + len(part)] = part
    path = tmp_path / f"b.{suffix}"
    path.write_bytes(damaged)
    try:
        item = MediaItem.open(path)
    except MediaError:
        return
    with item:
        for spec in (AudioSpec(sample_rate=16_000, peak_dbfs=-1.0, max_duration_s=2.0), AudioSpec(clock="video")):
            with contextlib.suppress(MediaError):
                assert np.isfinite(np.asarray(item.audio(spec))).all()
        with contextlib.suppress(MediaError):
            count = min(4, len(item.frame_times))
            frames = item.frames(FrameRequest(indices=tuple(range(count))))
            assert frames.shape[:2] == (count, 3)
            assert (np.diff(item.frame_times) >= 0).all()


ROWS = hnp.arrays(np.float32, st.tuples(st.integers(0, 9), st.just(3)), elements=st.floats(-1, 1, width=32))


@given(
    parts=st.lists(
        hnp.arrays(np.float32, st.tuples(st.integers(0, 9), st.just(3)), elements=st.floats(-1, 1, width=32))
    ),
    limit=st.integers(0, 400),
    start=st.integers(-40, 40),
    stop=st.integers(-40, 40),
    step=st.sampled_from([1, 2, -1]),
)
def test_spool_reads_like_the_array_of_its_rows(parts, limit, start, stop, step):
    """In memory or on disk, any slice equals that of the concatenation."""
    spool = Spool((3,), limit_bytes=limit)
    for part in parts:
        spool.append(part)
    whole = np.concatenate([np.empty((0, 3), np.float32), *parts])
    assert spool.shape == whole.shape
    np.testing.assert_array_equal(np.asarray(spool), whole)
    np.testing.assert_array_equal(spool[start:stop:step], whole[start:stop:step])
    np.testing.assert_array_equal(np.concatenate([np.empty((0, 3), np.float32), *spool.blocks(4)]), whole)
    if len(whole):
        np.testing.assert_array_equal(spool[-1], whole[-1])
        np.testing.assert_array_equal(spool[[0, -1, 0]], whole[[0, -1, 0]])
        spool.scale(0.5)
        np.testing.assert_array_equal(np.asarray(spool), whole * np.float32(0.5))


@given(times=TIMES, at=st.lists(st.floats(-1.0, 90.0), min_size=1))
def test_the_frame_on_the_screen_has_begun_and_the_next_has_not(times, at):
    """By definition, for every time from the first frame on."""
    for time_s, index in zip(at, frames_at(times, np.array(at)).tolist(), strict=True):
        assert index == 0 or times[index] <= time_s + 1e-6
        assert index == len(times) - 1 or times[index + 1] > time_s


@given(times=TIMES, fps=st.sampled_from([2.0, 23.976, 25.0, 60.0]))
def test_rates_never_run_backwards_and_cover_the_clip(times, fps):
    """Indices do not decrease, stay in the clip and have its length."""
    end_s = float(times[-1]) + 0.04
    for indices in (fixed_rate_indices(times, fps, end_s), rounded_rate_indices(times, fps, end_s)):
        assert (np.diff(indices) >= 0).all()
        assert len(indices) == 0 or (indices[0] >= 0 and indices[-1] < len(times))
        assert abs(len(indices) - end_s * fps) <= 1.0 + 1e-6


@given(
    wave=hnp.arrays(np.float32, st.integers(1, 2000), elements=st.floats(-2, 2, width=32)),
    rate=st.sampled_from([1_000, 16_000]),
    to=st.sampled_from([750, 16_000, 48_000]),
)
def test_length_after_resampling_is_that_of_the_sound(wave, rate, to):
    """ceil(N * to / rate) samples, finite, for either resampler; shares are shares."""
    item = MediaItem.from_audio(wave, rate)
    for resampler in ("soxr_hq", "sinc"):
        found = np.asarray(item.audio(AudioSpec(sample_rate=to, resampler=resampler, mixdown="first")))
        assert len(found) == math.ceil(len(wave) * to / rate)
        assert np.isfinite(found).all()
    assert 0 <= clipping_share(wave) <= 1
    assert 0 <= silence_share(wave, rate) <= 1
