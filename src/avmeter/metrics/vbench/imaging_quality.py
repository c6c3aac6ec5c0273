"""Imaging quality: are the frames sharp, clean and well exposed?

MUSIQ, a transformer that learnt from people's ratings of smartphone pictures (SPAQ, 0 to 100), rates every frame, at
its own size and at two smaller ones. The score is the mean over frames, over 100.

A good value: that of real videos of the same kind and size, scored in the same run; VBench's paper has 0.53 to 0.70.
Not seen: motion, the order of frames, flicker, what is shown and whether it was asked for. Frame size counts: frames
are brought to 512 pixels at most, and smaller ones are not enlarged, so systems compare at one size only.

Source: Huang et al., "VBench: Comprehensive Benchmark Suite for Video Generative Models" (2024); Ke et al., "MUSIQ:
Multi-scale Image Quality Transformer" (2021).
"""

from __future__ import annotations

import numpy as np

from avmeter.errors import SkipCode, SkipError
from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("vbench.imaging_quality")
class ImagingQuality(Metric):
    """Mean rating of frames over 100, about 0 to 1; higher is better."""

    direction = "higher"

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="frames", field="video", extractor="musiq"),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        quality = features["frames"]["quality"].astype(np.float64)
        if not np.isfinite(quality).all():
            raise SkipError(SkipCode.NON_FINITE, f"{sample.id}: the rating of a frame is not finite")
        details = {"per_frame_raw": [float(value) for value in quality], **features["frames"].facts}
        return MetricResult(self.name, float(quality.mean()) / 100, details)
