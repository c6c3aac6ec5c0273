"""AVHScore: does the sound belong to the video, frame after frame?

    mean over frames of cosine(embedding of the frame, embedding of the sound)

One ImageBind embedding of the whole sound against every frame as a still, where `audio.imagebind_score` has one of the
whole video and `av.javis_score` the sound of the moment. It knows what things are, not when they happen. Stored as the
plain cosine. Every frame goes through ImageBind, once where `av.javis_score` is in the run too. `fps` thins them out.
Details have the spread over frames, and the frame that matches least.

A good value: that of the real clips with their own sound, scored in the same run; shuffled pairs show the floor.
Not seen: timing, motion, sound quality, the prompt, every channel but the first (unless `channel="mean"`).

Source: Mao et al., "TAVGBench: Benchmarking Text to Audible-Video Generation" (2024, arXiv 2404.14381); Liu et al.,
"JavisDiT" (2025, arXiv 2503.23377), `eval/javisbench/src/metrics.py` (`calc_av_score`), which is
what is met here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from avmeter.metrics.base import FeatureSet, Need
from avmeter.metrics.cosine import cosines
from avmeter.metrics.details import with_notes
from avmeter.metrics.imagebind_metric import ImageBindAudioMetric, audio_details
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("av.avh_score")
class AvhScore(ImageBindAudioMetric):
    """Mean cosine of every frame with the whole sound, -1 to 1; higher is better.

    Args:
        fps: Sample the video at this rate instead of at every frame (as published): faster, another score.
        protocol: Both protocols are the same here.
    """

    direction = "higher"
    unit = "cosine"
    range = (-1.0, 1.0)

    def __init__(
        self,
        *,
        fps: float | None = None,
        channel: str = "first",
        mean_removal: str = "running",
        protocol: str = FASTVIDEO,
    ) -> None:
        super().__init__(channel=channel, mean_removal=mean_removal, protocol=protocol)
        self.fps = fps

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "fps": self.fps}

    @property
    def needs(self) -> tuple[Need, ...]:
        frames = Need(name="frames", field="video", extractor="imagebind_frames", options={"fps": self.fps})
        return (frames, self.audio_need())

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        frames, sound = features["frames"], features["audio"]
        similar = cosines(frames["embedding"], sound["embedding"], where=sample.id)
        weakest = int(np.argmin(similar))
        about_sound, notes = audio_details(sound.facts)
        details = {
            "num_frames": len(similar),
            "deviation": float(similar.std()),
            "weakest_frame_s": float(frames["times_s"][weakest]),
            "weakest_frame": float(similar[weakest]),
            **about_sound,
            "scale": "cosine",
        }
        return MetricResult(self.name, float(similar.mean()), with_notes(details, notes))
