"""JavisScore: does the sound belong to the picture at every moment?

    mean over windows of: mean of the lowest 40 % of cosine(embedding of a frame, embedding of the window's sound)

Windows of 2 s, one every 0.5 s; every frame on the screen during a window is compared with the sound of that window,
and the frames that match least count. It finds a moment whose sound belongs to something else; offsets are measured by
`audio.desync`. Stored as the plain cosine. Every frame goes through ImageBind: 240 for 10 s at 24 fps, where
`audio.imagebind_score` sends 15 pairs. `fps` thins them out.

A good value: that of the real clips with their own sound, scored in the same run; shuffled pairs show the floor.
Not seen: offsets that leave the same things heard and seen within 2 s, sound quality, the prompt.

Source: Liu et al., "JavisDiT" (2025, arXiv 2503.23377), `eval/javisbench/src/metrics.py` (`calc_av_score`) and
`dataset.py` (`AVScoreDataset`), with the window of its `main.py`. Differs from them: windows are cut in seconds on the
clock of the picture (there frames are counted: at 25 fps a window moves on 0.52 s in the picture and 0.5 s in the
sound, so that the eighth is 0.14 s off); at least one frame of a window counts (there a window of fewer than three
makes the score NaN); where sound or picture lasts no longer than a window, what they share is compared (there all of
the one with all of the other).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.media import frames_at, last_frame_before
from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.cosine import cosines
from avmeter.metrics.imagebind import hearing_of
from avmeter.metrics.prompt import noted
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample

# Far above the rounding of time stamps, far below a sample of the sound.
_TOLERANCE_S = 1e-6


@register("av.javis_score")
class JavisScore(Metric):
    """Mean over windows of the least similar frames' cosine with the sound, -1 to 1; higher is better.

    Args:
        window_s: Length of a window in seconds, 2 at most.
        overlap_s: How much of it the next window takes again, in seconds.
        lowest: Share of a window's frames that counts, those that match least; 1 is all of them.
        fps: Look at the picture at this rate instead of at every frame (as published): faster, another score.
        channel: "first" (as published: only the first channel is heard) or "mean".
        mean_removal: "running" (as published) or "independent".
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
        protocol: str = "fastvideo",
    ) -> None:
        super().__init__(protocol=protocol)
        if isinstance(lowest, bool) or not isinstance(lowest, int | float) or not 0 < lowest <= 1:
            raise UsageError(f"av.javis_score: lowest is {lowest!r}", hint="a share of the frames: above 0, 1 at most")
        self.window_s = window_s
        self.overlap_s = overlap_s
        self.lowest = lowest
        self.fps = fps
        self.channel = channel
        self.mean_removal = mean_removal

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), **self._sound_options(), "lowest": self.lowest, "fps": self.fps}

    def _sound_options(self) -> dict[str, Any]:
        names = ("window_s", "overlap_s", "channel", "mean_removal")
        return {name: getattr(self, name) for name in names}

    @property
    def needs(self) -> tuple[Need, ...]:
        return (
            Need(name="frames", field="video", extractor="imagebind_frames", options={"fps": self.fps}),
            Need(name="sound", field="audio", extractor="imagebind_audio_windows", options=self._sound_options()),
        )

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        frames, sound = features["frames"], features["sound"]
        picture_s = frames.facts["duration_s"]
        _require_overlap(sound.facts.get("sound_start_s", 0.0), picture_s, where=sample.id)
        heard, notes = hearing_of(sound.facts)
        start_s, end_s = sound["start_s"], sound["start_s"] + sound["duration_s"]
        count = num_shared(end_s, picture_s)
        scores, taken, counted = [], [], []
        for i in range(count):
            first, last = shown_during(frames["times_s"], float(start_s[i]), float(end_s[i]))
            similar = cosines(frames["embedding"][first : last + 1], sound["embedding"][i], where=sample.id)
            scores.append(mean_of_lowest(similar, self.lowest))
            taken.append(len(similar))
            counted.append(num_lowest(len(similar), self.lowest))
        weakest = int(np.argmin(scores))
        details: dict[str, Any] = {
            "num_windows": count,
            "num_windows_left_out": len(start_s) - count,
            "frames_per_window": [min(taken), max(taken)],
            "counted_per_window": [min(counted), max(counted)],
            "weakest_window_s": float(start_s[weakest]),
            "weakest_window": scores[weakest],
            **heard,
            "scale": "cosine",
        }
        notes += _notes(min(taken), self.lowest, sound_s=float(end_s[-1]), picture_s=picture_s)
        return MetricResult(self.name, float(np.mean(scores)), noted(details, notes))


def num_shared(end_s: npt.NDArray[np.float64], picture_s: float) -> int:
    """How many windows are compared: all up to the first that reaches the end of the picture.

    Args:
        end_s: (M,), M >= 1, ascending: where windows of the sound end.
        picture_s: Duration of the picture.
    """
    return min(len(end_s), int(np.count_nonzero(end_s < picture_s - _TOLERANCE_S)) + 1)


def shown_during(times_s: npt.NDArray[np.float64], start_s: float, end_s: float) -> tuple[int, int]:
    """First and last frame on the screen between two times.

    Args:
        times_s: (T,), T >= 1, ascending: when frames come on the screen. Each stays until the next.
        start_s: From here,
        end_s: to here, exclusive.
    """
    first = int(frames_at(times_s, np.array(start_s)))
    return first, max(first, last_frame_before(times_s, end_s))


def num_lowest(num_frames: int, share: float) -> int:
    """How many frames count: the share rounded down, but one at least."""
    return max(1, int(num_frames * share))


def mean_of_lowest(values: npt.NDArray[np.float64], share: float) -> float:
    """Mean of the lowest of N >= 1 values."""
    return float(np.sort(values)[: num_lowest(len(values), share)].mean())


def _require_overlap(sound_start_s: float, picture_s: float, *, where: str) -> None:
    """Raise `empty_audio` if the sound begins when the picture is over."""
    if 0 < picture_s <= sound_start_s:
        raise SkipError(
            SkipCode.EMPTY_AUDIO,
            f"{where}: the sound starts at {sound_start_s:.2f} s, when the picture of {picture_s:.2f} s is over",
            hint="put both tracks on one clock: mux the file again",
        )


def _notes(fewest: int, share: float, *, sound_s: float, picture_s: float) -> list[str]:
    notes = []
    if int(fewest * share) < 1:
        notes.append(f"a window shows {fewest} frame{'s' * (fewest != 1)}: the one that matches least counts")
    if abs(sound_s - picture_s) > 0.5:
        notes.append(
            f"the sound ends at {sound_s:.2f} s and the picture at {picture_s:.2f} s: compared where there are both"
        )
    return notes
