"""AV-Align: do sounds begin when something moves?

    matched / (onsets + motion peaks - matched)

Onsets of the sound against local maxima of optical flow; a pair matches when less than one frame apart. The
published script lets several onsets claim one motion peak, and can exceed 1; here every peak is matched once (a
maximum matching), so the score stays in [0, 1]. Scores of real clips are low, 0.2 or so: compare, do not grade. Where
sound and picture last differently long, events count as far as there are both.

A good value: that of real clips of the same kind; 1 would be every onset at a peak of motion.
Not seen: what is heard and seen, sounds from outside the picture, continuous sound, camera motion as such.

Source: Yariv et al., "Diverse and Aligned Audio-to-Video Generation" (2024), `av_align.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.errors import SkipCode, SkipError
from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.promise import promise_of
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample

# Flow of less than this many pixels is rounding, not motion: a still picture has no peaks.
STILL_BELOW = 1e-3


@register("av.align")
class AvAlign(Metric):
    """Intersection over union of sound onsets and motion peaks, 0 to 1; higher is better."""

    direction = "higher"
    range = (0.0, 1.0)

    @property
    def needs(self) -> tuple[Need, ...]:
        return (
            Need(name="onsets", field="audio", extractor="onsets"),
            Need(name="motion", field="video", extractor="motion"),
        )

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        onsets = features["onsets"]["times_s"]
        times = features["motion"]["times_s"]
        peaks = motion_peaks(times, features["motion"]["magnitude"])
        frame_s = float(np.median(np.diff(times)))
        picture_s = float(times[-1]) + frame_s
        sound_s = float(features["onsets"].facts.get("duration_s", picture_s))
        shared_s = min(sound_s, picture_s)
        # Up to a frame behind the shared part something in it may be near enough.
        heard, seen = (events[events < shared_s + frame_s] for events in (onsets, peaks))
        details: dict[str, Any] = {
            "num_onsets": len(heard),
            "num_motion_peaks": len(seen),
            "tolerance_s": frame_s,
            **promise_of(features["onsets"].facts),
        }
        if not len(heard) and not len(seen):
            raise SkipError(
                SkipCode.NO_EVENTS,
                f"{sample.id}: no onset in the sound and no motion peak in the picture, within the {shared_s:.2f} s "
                "that sound and picture share",
                hint="a silent still clip has nothing to align",
            )
        matched = count_matches(heard, seen, tolerance=frame_s)
        details["num_matched"] = matched
        notes = []
        if not len(heard) or not len(seen):
            notes.append(f"no {'onsets' if not len(heard) else 'motion peaks'} on one side")
        num_left_out = len(onsets) + len(peaks) - len(heard) - len(seen)
        if num_left_out:
            details["num_left_out"] = num_left_out
            notes.append(
                f"the sound ends at {sound_s:.2f} s and the picture at {picture_s:.2f} s: compared where there are both"
            )
        if notes:
            details["note"] = "; ".join(notes)
        return MetricResult(self.name, matched / (len(heard) + len(seen) - matched), details)


def motion_peaks(times_s: npt.NDArray[np.float64], magnitude: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Times of strict local maxima of the flow, seconds."""
    inner = magnitude[1:-1]
    is_peak = (inner > magnitude[:-2]) & (inner > magnitude[2:]) & (inner > STILL_BELOW)
    return times_s[1:-1][is_peak]


def count_matches(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64], *, tolerance: float) -> int:
    """Size of the largest one-to-one matching of two ascending series of times less than `tolerance` apart.

    On a line, pairing each time with the earliest one still free is optimal.
    """
    matched = i = j = 0
    while i < len(first) and j < len(second):
        gap = first[i] - second[j]
        if abs(gap) < tolerance:
            matched, i, j = matched + 1, i + 1, j + 1
        elif gap > 0:
            j += 1
        else:
            i += 1
    return matched
