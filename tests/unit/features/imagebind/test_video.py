"""ImageBind's embedding of a video: pairs of frames as each protocol picks them, in three crops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import get_extractor
from avmeter.media import MediaItem
from avmeter.runtime import Runtime
from support.extractors import extract
from support.imagebind import video


def pairs(item: MediaItem, protocol: str = "fastvideo") -> list[tuple[float, float]]:
    """(start, end) of each window's frames, seconds; crops of one pair are one."""
    extractor: Any = get_extractor("imagebind_video", protocol=protocol)
    windows = list(extractor.windows(item))
    assert len(windows) % 3 == 0
    return [(w.start_s, w.start_s + w.duration_s) for w in windows[::3]]


def test_fastvideo_takes_first_and_last_frame_of_five_windows_of_2_s() -> None:
    """At 10 frames a second the last frame before 2 s is that of 1.9 s."""
    expected = [(s, s + 1.9) for s in (0.0, 2.0, 4.0, 6.0, 8.0)]
    np.testing.assert_allclose(pairs(video(100)), expected, atol=1e-6)


def test_clip_of_less_than_a_window_is_read_whole_five_times() -> None:
    """One frame is a pair with itself."""
    np.testing.assert_allclose(pairs(video(10)), [(0.0, 0.9)] * 5, atol=1e-6)
    np.testing.assert_allclose(pairs(video(1)), [(0.0, 0.0)] * 5, atol=1e-6)


@pytest.mark.parametrize(("num_frames", "num_pairs"), [(200, 3), (80, 3), (79, 2), (60, 2), (40, 1)])
def test_av_benchmark_pairs_frames_2_s_apart_of_the_first_8_s(num_frames: int, num_pairs: int) -> None:
    """0, 2, 4 and 6 s, as far as the clip reaches; time stamps are rounded to the tick, so 0.9 s stands for 0."""
    found = pairs(video(num_frames), "av-benchmark")
    np.testing.assert_allclose(found, [(2 * i + 0.9, 2 * i + 2.9) for i in range(num_pairs)], atol=1e-6)


@pytest.mark.parametrize(("length", "num_pairs"), [("4", 1), ("5", 1), ("7.3", 2), ("9", 3), ("10", 4), ("20", 4)])
def test_av_benchmark_of_another_length_has_a_frame_for_every_whole_2_s_of_it(length: str, num_pairs: int) -> None:
    """As `int(0.5 * length)` of its programs; of a shorter clip those of the clip."""
    assert len(pairs(video(100), f"av-benchmark@{length}")) == num_pairs


def test_clip_that_lacks_less_than_half_a_frame_is_as_long_as_the_length() -> None:
    """479 frames at 60 a second are 200 at 25, with which a clip has 8 s for av-benchmark: four frames, not three."""
    frames = np.zeros((479, 8, 8, 3), np.uint8)
    assert len(pairs(MediaItem.from_frames(frames, 60), "av-benchmark")) == 3
    assert len(pairs(MediaItem.from_frames(frames[:477], 60), "av-benchmark")) == 2


def test_length_of_less_than_4_s_has_no_pair() -> None:
    """The message says what is read, not how long the clip is."""
    with pytest.raises(SkipError, match=r"3\.00 s; protocol `av-benchmark@3s` pairs frames 2 s apart") as caught:
        pairs(video(100), "av-benchmark@3s")
    assert caught.value.code == SkipCode.TOO_SHORT


def test_av_benchmark_needs_4_s() -> None:
    """Two frames 2 s apart, as long each as the other."""
    with pytest.raises(SkipError, match="needs 4 s") as caught:
        pairs(video(39), "av-benchmark")
    assert caught.value.code == SkipCode.TOO_SHORT


@pytest.mark.parametrize("size", [(240, 400), (400, 240), (224, 224)])
def test_crops_are_left_centre_right_or_top_centre_bottom(size: tuple[int, int]) -> None:
    """Along the longer side; of a square all three are the same."""
    height, width = size
    ramp = np.linspace(0, 255, max(size)).astype(np.uint8)
    frame = np.broadcast_to(ramp[None, :] if width >= height else ramp[:, None], size)
    item = MediaItem.from_frames(np.broadcast_to(frame[None, :, :, None], (20, *size, 3)).copy(), 10)
    extractor: Any = get_extractor("imagebind_video")
    means = [float(w.inputs["pixels"].mean()) for w in list(extractor.windows(item))[:3]]
    assert {w.inputs["pixels"].shape for w in extractor.windows(item)} == {(3, 2, 224, 224)}
    if height == width:
        assert len(set(means)) == 1
    else:
        assert means[0] < means[1] < means[2]


def test_embedding_is_the_mean_over_pairs_and_crops(runtime: Runtime) -> None:
    """Five pairs in three crops each."""
    extractor: Any = get_extractor("imagebind_video")
    features = extract(extractor, video(30), runtime)
    rows = [extractor.run([w], runtime)[0]["embedding"] for w in extractor.windows(video(30))]
    assert features.facts == {"num_windows": 15}
    np.testing.assert_allclose(features["embedding"], np.mean(rows, axis=0), rtol=1e-5, atol=1e-6)
