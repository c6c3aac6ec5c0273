"""JavisScore on embeddings whose cosines are known by hand, and against the published way of counting frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.features.base import Features
from avmeter.metrics.av.javis_score import JavisScore, mean_of_lowest, num_lowest, num_shared, shown_during
from avmeter.metrics.base import FeatureSet
from avmeter.result import MetricResult
from avmeter.sample import Sample

SAMPLE = Sample(id="clip")
SOUND = np.array([20.0, 0.0])  # its length does not matter


def of_cosine(cosines: Any) -> np.ndarray:
    """Embeddings (T, 2) that have these cosines with `SOUND`."""
    values = np.asarray(cosines, np.float64)
    return np.stack([values, np.sqrt(1 - values**2)], axis=1)


def features(
    cosines: Any, starts: Any, *, fps: float = 10.0, window_s: Any = 2.0, video_s: float | None = None, **facts: Any
) -> FeatureSet:
    """Frames at a fixed rate, and windows of one and the same sound."""
    times = np.arange(len(cosines)) / fps
    starts = np.asarray(starts, np.float64)
    sound = {
        "embedding": np.tile(SOUND, (len(starts), 1)),
        "start_s": starts,
        "duration_s": np.broadcast_to(np.asarray(window_s, np.float64), starts.shape),
    }
    duration_s = len(cosines) / fps if video_s is None else video_s
    return FeatureSet(
        {
            "frames": Features(
                arrays={"embedding": of_cosine(cosines), "times_s": times}, facts={"duration_s": duration_s}
            ),
            "sound": Features(arrays=sound, facts=facts),
        }
    )


def score(found: FeatureSet, **options: Any) -> MetricResult:
    return JavisScore(**options).score(SAMPLE, found)


# -- arithmetic ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([0.5, 0.1, 0.4, 0.3, 0.2], 0.4, 0.15),
        ([0.5, 0.1, 0.4, 0.3, 0.2], 1.0, 0.3),
        ([0.9, 0.1], 0.4, 0.1),
        ([0.7], 0.4, 0.7),
        ([0.3, 0.3, 0.3, 0.1, 0.1, 0.1, 0.1], 0.4, 0.1),
    ],
)
def test_lowest_frames_count(values: list[float], share: float, expected: float) -> None:
    """The share is rounded down; one frame counts at least."""
    assert mean_of_lowest(np.array(values), share) == pytest.approx(expected)


def test_number_of_frames_that_count_is_the_published_one_but_never_none() -> None:
    """int(0.4 n) from three frames on; of one and two frames one counts instead of none."""
    assert [num_lowest(n, 0.4) for n in (1, 2, 3, 4, 5, 48, 50, 60)] == [1, 1, 1, 1, 2, 19, 20, 24]


def test_score_is_the_mean_over_windows_of_their_worst_frames() -> None:
    """Ten frames a second, windows at 0 and 1 s: 8 of 20 frames count in each."""
    cosines = np.full(30, 0.8)
    cosines[20:30] = 0.2  # in the second window only: its eight lowest are all 0.2
    result = score(features(cosines, [0.0, 1.0]))
    assert result.score == pytest.approx((0.8 + 0.2) / 2)
    details = result.details
    assert (details["num_windows"], details["num_windows_left_out"]) == (2, 0)
    assert details["frames_per_window"] == [20, 20]
    assert details["counted_per_window"] == [8, 8]
    assert (details["weakest_window_s"], details["weakest_window"]) == (1.0, pytest.approx(0.2))
    assert "note" not in details


def test_each_window_is_compared_with_its_own_sound() -> None:
    """Frames of one direction, sounds of two: one window matches, the other does not."""
    found = features(np.ones(40), [0.0, 2.0])
    found["sound"].arrays["embedding"][1] = [0.0, 3.0]
    result = score(found)
    assert result.score == pytest.approx(0.5)
    assert result.details["weakest_window_s"] == 2.0


def test_sound_that_is_exchanged_for_a_moment_lowers_the_score_and_is_found() -> None:
    """The score says how much, the weakest window where."""
    good, starts = features(np.ones(100), np.arange(17) * 0.5), np.arange(17) * 0.5
    exchanged = features(np.ones(100), starts)
    exchanged["sound"].arrays["embedding"][starts == 6.0] = [1.0, 10.0]
    before, after = score(good), score(exchanged)
    assert after.score < before.score
    assert after.details["weakest_window_s"] == 6.0


# -- which frames ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start_s", "end_s", "expected"),
    [
        (0.0, 2.0, (0, 19)),
        (0.5, 2.5, (5, 24)),
        (0.5 + 1e-9, 2.5 + 1e-9, (5, 24)),
        (0.55, 2.55, (5, 25)),
        (2.95, 4.95, (29, 29)),
        (0.0, 0.025, (0, 0)),
    ],
)
def test_frames_on_the_screen_during_a_window(start_s: float, end_s: float, expected: tuple[int, int]) -> None:
    """The first is the one that is seen when the window begins, the last begins before it ends."""
    assert shown_during(np.arange(30) / 10, start_s, end_s) == expected


def test_frame_that_stays_on_the_screen_is_seen_in_every_window() -> None:
    """A video that stands for three seconds has one frame there, and every window has some."""
    times = np.array([0.0, 0.1, 3.0, 3.1])
    assert shown_during(times, 0.5, 2.5) == (1, 1)
    assert shown_during(times, 1.5, 3.5) == (1, 3)


@pytest.mark.parametrize(
    ("video_s", "expected"), [(10.0, 5), (4.0, 5), (3.9999, 5), (3.5, 4), (3.2, 4), (2.0, 1), (0.04, 1)]
)
def test_windows_behind_the_video_are_left_out(video_s: float, expected: int) -> None:
    """The first window that reaches the end of the video is the last that counts, and there is always one."""
    assert num_shared(np.arange(5) * 0.5 + 2, video_s) == expected


def test_windows_left_out_are_counted_and_the_lengths_told() -> None:
    """Sound of 6 s under a video of 3 s: three windows, six left out, and a note with both lengths."""
    result = score(features(np.ones(30), np.arange(9) * 0.5))
    assert (result.details["num_windows"], result.details["num_windows_left_out"]) == (3, 6)
    assert "the sound ends at 6.00 s and the video at 3.00 s" in result.details["note"]


@pytest.mark.parametrize("num_frames", [1, 2])
def test_window_of_one_or_two_frames_has_a_score_and_a_note(num_frames: int) -> None:
    """Where the published arithmetic takes a mean over nothing."""
    result = score(features([0.6, 0.3][:num_frames], [0.0]))
    assert result.score == pytest.approx([0.6, 0.3][num_frames - 1])
    assert f"a window shows {num_frames} frame" in result.details["note"]


# -- against the published way ---------------------------------------------------------------------------------------


def published(frames: np.ndarray, sounds: np.ndarray, *, fps: float) -> float:
    """The score by counted frames, `calc_av_score` and `segment_clip_transform`, of sounds that are windows already."""
    size, overlap = int(2.0 * fps), int(1.5 * fps)
    windows = []
    for start in range(0, len(frames), size - overlap):
        start = min(start, len(frames) - size)
        windows.append(range(start, start + size))
        if start + size >= len(frames):
            break
    count = min(len(windows), len(sounds))
    scores = []
    for window, sound in zip(windows[:count], sounds[:count], strict=True):
        rows = frames[list(window)]
        cosines = rows @ sound / np.linalg.norm(rows, axis=1) / np.linalg.norm(sound)
        scores.append(np.sort(cosines)[: int(size * 0.4)].mean())
    return float(np.mean(scores))


@pytest.mark.parametrize(("fps", "num_frames"), [(24, 240), (24, 126), (30, 245), (8, 33), (60, 300)])
def test_score_is_the_published_one_where_frames_and_seconds_agree(fps: int, num_frames: int) -> None:
    """Rates whose half second is a whole number of frames, sound and video equally long: the same windows."""
    rng = np.random.default_rng(num_frames)
    frames, duration_s = rng.standard_normal((num_frames, 16)), num_frames / fps
    starts = [*np.arange(0, duration_s - 2, 0.5), duration_s - 2]
    sounds = rng.standard_normal((len(starts), 16))
    found = FeatureSet(
        {
            "frames": Features(
                arrays={"embedding": frames, "times_s": np.arange(num_frames) / fps}, facts={"duration_s": duration_s}
            ),
            "sound": Features(
                arrays={
                    "embedding": sounds,
                    "start_s": np.floor(np.array(starts) * 16_000) / 16_000,
                    "duration_s": np.full(len(starts), 2.0),
                }
            ),
        }
    )
    assert score(found).score == pytest.approx(published(frames, sounds, fps=fps), abs=1e-12)


# -- what is refused -------------------------------------------------------------------------------------------------


def test_embedding_that_is_not_finite_is_a_skip() -> None:
    """No score that is NaN."""
    found = features(np.ones(30), [0.0])
    found["frames"].arrays["embedding"][3] = np.nan
    with pytest.raises(SkipError) as caught:
        score(found)
    assert caught.value.code is SkipCode.NON_FINITE


@pytest.mark.parametrize("lowest", [0.0, -0.1, 1.1, float("nan")])
def test_share_out_of_range_is_refused(lowest: float) -> None:
    """Before anything runs."""
    with pytest.raises(UsageError, match="lowest"):
        JavisScore(lowest=lowest)


def test_damage_of_the_file_stands_in_the_details() -> None:
    """A file that promised more sound than it holds."""
    result = score(features(np.ones(30), [0.0], header_mismatch="the header promises 9 s"))
    assert result.details["header_mismatch"] == "the header promises 9 s"
