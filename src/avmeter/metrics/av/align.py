"""AV-Align: do sounds begin when something moves?

    matched / (onsets + motion peaks - matched)

Onsets of the sound against local maxima of optical flow; a pair matches when less than one frame apart. The
published script lets several onsets claim one motion peak, and can exceed 1; here every peak is matched once (a
maximum matching), so the score stays in [0, 1]. Scores of real clips are low, 0.2 or so: compare, do not grade. Where
sound and video last differently long, events count as far as there are both.

A good value: that of real clips of the same kind; 1 would be every onset at a peak of motion.
Not seen: what is heard and seen, sounds from off screen, continuous sound, camera motion as such.

Source: Yariv et al., "Diverse and Aligned Audio-to-Video Generation" (2024), `av_align.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.errors import SkipCode, SkipError
from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.details import duration_mismatch, with_notes
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample
from avmeter.stats.matching import count_matches

# Flow of less than this many pixels is rounding, not motion: a still image has no peaks.
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
        num_events = len(onsets) + len(peaks)
        frame_s = float(np.median(np.diff(times)))
        video_s = float(times[-1]) + frame_s
        sound_s = float(features["onsets"].facts.get("duration_s", video_s))
        shared_s = min(sound_s, video_s)
        # Up to a frame behind the shared part something in it may be near enough.
        onsets, peaks = (events[events < shared_s + frame_s] for events in (onsets, peaks))
        if not len(onsets) and not len(peaks):
            raise SkipError(
                SkipCode.NO_EVENTS,
                f"{sample.id}: no onset in the sound and no motion peak in the video, within the {shared_s:.2f} s "
                "that sound and video share",
                hint="a silent still clip has nothing to align",
            )
        num_matched = count_matches(onsets, peaks, tolerance_s=frame_s)
        details: dict[str, Any] = {
            "num_onsets": len(onsets),
            "num_motion_peaks": len(peaks),
            "tolerance_s": frame_s,
            **duration_mismatch(features["onsets"].facts),
            "num_matched": num_matched,
        }
        notes = []
        if not len(onsets) or not len(peaks):
            notes.append(f"no {'onsets' if not len(onsets) else 'motion peaks'} on one side")
        num_left_out = num_events - len(onsets) - len(peaks)
        if num_left_out:
            details["num_left_out"] = num_left_out
            notes.append(
                f"the sound ends at {sound_s:.2f} s and the video at {video_s:.2f} s: compared where there are both"
            )
        score = num_matched / (len(onsets) + len(peaks) - num_matched)
        return MetricResult(self.name, score, with_notes(details, notes))


def motion_peaks(times_s: npt.NDArray[np.float64], magnitude: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the times of strict local maxima of the optical flow, seconds.

    Args:
        times_s: (T,) when frames come on the screen.
        magnitude: (T,) mean length of the flow at each, in pixels.
    """
    inner = magnitude[1:-1]
    is_peak = (inner > magnitude[:-2]) & (inner > magnitude[2:]) & (inner > STILL_BELOW)
    return times_s[1:-1][is_peak]
