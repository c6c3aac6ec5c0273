"""Dynamic degree: does anything in the video move much?

RAFT finds the optical flow of every two neighbours among eight frames a second; the mean length of the fastest 5% of
its pixels is how much moves. The score is 1 if in at least a quarter of the frames (4 of 16, rounded) that is more than
6 pixels per 256 of the short side, else 0. VBench reads it beside the metrics of consistency and smoothness, which a
still video wins.

Differs from FastVideo, which asks for `fps`: the clip's own is read. Fewer than three frames at eight a second are a
skip, where FastVideo and VBench call any video dynamic. Frames below 121 pixels are a skip, where the published network
gives no number.

A good value: VBench's paper has 0.4 to 0.9 over its prompts; one clip says little. Details have every pair's length.
Not seen: whether motion is smooth, real or asked for: flicker, noise and shuffled frames can move more than the scene.
A camera that pans moves everything. Motion of less than 5% of the pixels counts by its share.

Source: Huang et al., "VBench: Comprehensive Benchmark Suite for Video Generative Models" (2024); Teed and Deng, "RAFT"
(2020).
"""

from __future__ import annotations

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample

_LEAST, _LEAST_OF = 6.0, 256.0  # pixels of a short side of so many
_PAIRS, _PAIRS_OF = 4, 16.0  # pairs that must move, of so many frames


@register("vbench.dynamic_degree")
class DynamicDegree(Metric):
    """1 if enough pairs of frames move, else 0; higher is better. The mean over clips is a share."""

    direction = "higher"
    range = (0.0, 1.0)

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="flow", field="video", extractor="raft_magnitude"),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        facts, magnitude = features["flow"].facts, features["flow"]["magnitude"]
        threshold = _LEAST * (facts["short_side"] / _LEAST_OF)
        count, least = int((magnitude > threshold).sum()), round(_PAIRS * (facts["num_frames_read"] / _PAIRS_OF))
        details = {
            "per_pair_magnitude": [float(value) for value in magnitude],
            "threshold": threshold,
            "count_above": count,
            "count_needed": least,
            "fps": facts["fps"],
            "interval": facts["interval"],
            "n_frames_used": facts["num_frames_read"],
            "num_frames": facts["num_frames"],
        }
        return MetricResult(self.name, float(count >= least), details)
