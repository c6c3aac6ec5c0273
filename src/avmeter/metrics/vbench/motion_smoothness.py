"""Motion smoothness: is each frame where its neighbours let one expect it?

Every second frame is left out, AMT-S interpolates it from the frame before and the frame behind, and the score is
(255 - mean absolute difference) / 255, in steps of 8 bits.

Differs from FastVideo and VBench on a GPU: they reduce large frames there as far as the card's memory asks for, and the
score depends on the card; here frames are always read in full, as they do without a GPU. Fewer than three frames are a
skip (FastVideo: 1), and so are frames below 113 pixels, where the published network gives no number.

A good value: VBench's paper has 0.93 to 0.99. A frozen video has nearly 1, and so has any slow one.
Not seen: whether anything moves, what, and whether the motion is right; twice the frame rate is smoother. Detail that
the network cannot make up, such as noise, lowers it as jumps do. A defect in an even frame counts only by what it does
to its neighbours.

Source: Huang et al., "VBench: Comprehensive Benchmark Suite for Video Generative Models" (2024); Li et al., "AMT:
All-Pairs Multi-Field Transforms for Efficient Frame Interpolation" (2023).
"""

from __future__ import annotations

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("vbench.motion_smoothness")
class MotionSmoothness(Metric):
    """Likeness of frames and their interpolation, 0 to 1; higher is better."""

    direction = "higher"
    range = (0.0, 1.0)

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="frames", field="video", extractor="amt_interpolation"),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        mae = features["frames"]["mae"]
        mean = float(mae.mean())
        details = {
            "vfi_score": mean,
            "per_frame_mae": [float(value) for value in mae],
            **features["frames"].facts,
        }
        return MetricResult(self.name, (255.0 - mean) / 255.0, details)
