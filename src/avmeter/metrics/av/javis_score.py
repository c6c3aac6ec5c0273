"""JavisScore: does the sound belong to the video at every moment?

    mean over windows of: mean of the lowest 40 % of cosine(embedding of a frame, embedding of the window's sound)

Windows of 2 s, one every 0.5 s; every frame on the screen during a window is compared with the sound of that window,
and the frames that match least count. It finds a moment whose sound belongs to something else; offsets are measured by
`audio.desync`. Stored as the plain cosine. Every frame goes through ImageBind: 240 for 10 s at 24 fps, where
`audio.imagebind_score` sends 15 pairs. `fps` thins them out.

A good value: that of the real clips with their own sound, scored in the same run; shuffled pairs show the floor.
Not seen: offsets that leave the same things heard and seen within 2 s, sound quality, the prompt.

Source: Liu et al., "JavisDiT" (2025, arXiv 2503.23377), `eval/javisbench/src/metrics.py` (`calc_av_score`) and
`dataset.py` (`AVScoreDataset`), with the window of its `main.py`. Differs from them: windows are cut in seconds on the
clock of the video (there frames are counted: at 25 fps a window moves on 0.52 s in the video and 0.5 s in the
sound, so that the eighth is 0.14 s off); at least one frame of a window counts (there a window of fewer than three
makes the score NaN); where sound or video lasts no longer than a window, what they share is compared (there all of
the one with all of the other).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.media import frames_at, last_frame_before
from avmeter.metrics.base import FeatureSet, Need
from avmeter.metrics.cosine import cosines
from avmeter.metrics.details import with_notes
from avmeter.metrics.imagebind_metric import ImageBindAudioMetric, audio_details
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample

# Far above the rounding of time stamps, far below a sample of the sound.
_TOLERANCE_S = 1e-6


@register("av.javis_score")
class JavisScore(ImageBindAudioMetric):
    """Mean over windows of the least similar frames' cosine with the sound, -1 to 1; higher is better.

    Args:
        window_s: Length of a window in seconds, 2 at most.
        overlap_s: How much of it the next window takes again, in seconds.
        lowest: Share of a window's frames that counts, those that match least; 1 is all of them.
        fps: Sample the video at this rate instead of at every frame (as published): faster, another score.
        protocol: Both protocols are the same here.

    Raises:
        UsageError: An option out of its range.
    """

    direction = "higher"
    unit = "cosine"
    range = (-1.0, 1.0)

    def __init__(
        self,
        *,
        window_s: float = 2.0,
        overlap_s: float = 1.5,
        lowest: float = 0.4,
        fps: float | None = None,
        channel: str = "first",
        mean_removal: str = "running",
        protocol: str = FASTVIDEO,
    ) -> None:
        super().__init__(channel=channel, mean_removal=mean_removal, protocol=protocol)
        if isinstance(lowest, bool) or not isinstance(lowest, int | float) or not 0 < lowest <= 1:
            raise UsageError(f"av.javis_score: lowest is {lowest!r}", hint="a share of the frames: above 0, 1 at most")
        self.window_s = window_s
        self.overlap_s = overlap_s
        self.lowest = lowest
        self.fps = fps

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "lowest": self.lowest, "fps": self.fps}

    def audio_options(self) -> dict[str, Any]:
        return {"window_s": self.window_s, "overlap_s": self.overlap_s, **super().audio_options()}

    @property
    def needs(self) -> tuple[Need, ...]:
        return (
            Need(name="frames", field="video", extractor="imagebind_frames", options={"fps": self.fps}),
            Need(name="sound", field="audio", extractor="imagebind_audio_windows", options=self.audio_options()),
        )

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        frames, sound = features["frames"], features["sound"]
        video_s = frames.facts["duration_s"]
        _require_overlap(sound.facts.get("sound_start_s", 0.0), video_s, where=sample.id)
        about_sound, notes = audio_details(sound.facts)
        start_s, end_s = sound["start_s"], sound["start_s"] + sound["duration_s"]
        count = num_shared(end_s, video_s)
        scores, num_shown, num_counted = [], [], []
        for i in range(count):
            first, last = shown_during(frames["times_s"], float(start_s[i]), float(end_s[i]))
            similar = cosines(frames["embedding"][first : last + 1], sound["embedding"][i], where=sample.id)
            scores.append(mean_of_lowest(similar, self.lowest))
            num_shown.append(len(similar))
            num_counted.append(num_lowest(len(similar), self.lowest))
        weakest = int(np.argmin(scores))
        details: dict[str, Any] = {
            "num_windows": count,
            "num_windows_left_out": len(start_s) - count,
            "frames_per_window": [min(num_shown), max(num_shown)],
            "counted_per_window": [min(num_counted), max(num_counted)],
            "weakest_window_s": float(start_s[weakest]),
            "weakest_window": scores[weakest],
            **about_sound,
            "scale": "cosine",
        }
        notes += _notes(min(num_shown), self.lowest, sound_s=float(end_s[-1]), video_s=video_s)
        return MetricResult(self.name, float(np.mean(scores)), with_notes(details, notes))


def num_shared(end_s: npt.NDArray[np.float64], video_s: float) -> int:
    """Return how many windows are compared: all up to the first that reaches the end of the video.

    Args:
        end_s: (M,), M >= 1, ascending: where windows of the sound end.
        video_s: Duration of the video.
    """
    return min(len(end_s), int(np.count_nonzero(end_s < video_s - _TOLERANCE_S)) + 1)


def shown_during(times_s: npt.NDArray[np.float64], start_s: float, end_s: float) -> tuple[int, int]:
    """Return the first and the last frame on the screen between two times.

    Args:
        times_s: (T,), T >= 1, ascending: when frames come on the screen. Each stays until the next.
        start_s: Beginning of the span, seconds.
        end_s: Its end, exclusive.
    """
    first = int(frames_at(times_s, np.array(start_s)))
    return first, max(first, last_frame_before(times_s, end_s))


def num_lowest(num_frames: int, share: float) -> int:
    """Return how many frames count: the share rounded down, but one at least."""
    return max(1, int(num_frames * share))


def mean_of_lowest(values: npt.NDArray[np.float64], share: float) -> float:
    """Return the mean of the lowest of N >= 1 values."""
    return float(np.sort(values)[: num_lowest(len(values), share)].mean())


def _require_overlap(sound_start_s: float, video_s: float, *, where: str) -> None:
    """Raise `empty_audio` if the sound begins when the video is over."""
    if 0 < video_s <= sound_start_s:
        raise SkipError(
            SkipCode.EMPTY_AUDIO,
            f"{where}: the sound starts at {sound_start_s:.2f} s, when the video of {video_s:.2f} s is over",
            hint="put both tracks on one clock: mux the file again",
        )


def _notes(fewest: int, share: float, *, sound_s: float, video_s: float) -> list[str]:
    notes = []
    if int(fewest * share) < 1:
        notes.append(f"a window shows {fewest} frame{'s' * (fewest != 1)}: the one that matches least counts")
    if abs(sound_s - video_s) > 0.5:
        notes.append(
            f"the sound ends at {sound_s:.2f} s and the video at {video_s:.2f} s: compared where there are both"
        )
    return notes
