"""Aesthetic quality: would people find the frames beautiful?

CLIP ViT-L/14 embeds every frame, and a linear layer that LAION learnt from people's ratings of images, 1 to 10, rates
the embedding. The mean over frames, over 10.

A good value: that of real videos of the same kind, scored in the same run; VBench's paper has 0.38 to 0.55.
Not seen: motion, the order of frames, flicker, whether the video is what was asked for. Ratings are of images on the
web, and their taste; the layer is linear, so nothing keeps a score between 0 and 1.

Source: Huang et al., "VBench: Comprehensive Benchmark Suite for Video Generative Models" (2024); LAION's
aesthetic-predictor (2022), `sa_0_4_vit_l_14_linear.pth`.
"""

from __future__ import annotations

import numpy as np

from avmeter.errors import SkipCode, SkipError
from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("vbench.aesthetic_quality")
class AestheticQuality(Metric):
    """Mean rating of frames over 10; higher is better."""

    direction = "higher"

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="ratings", field="video", extractor="laion_aesthetic"),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        per_frame = features["ratings"]["rating"].astype(np.float64) / 10
        if not np.isfinite(per_frame).all():
            raise SkipError(SkipCode.NON_FINITE, f"{sample.id}: a rating is not finite")
        details = {"per_frame": [float(value) for value in per_frame], **features["ratings"].facts}
        return MetricResult(self.name, float(per_frame.mean()), details)
