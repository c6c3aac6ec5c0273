"""Spatial relationship: does one object stand to the other as was asked for?

VBench detects objects in sixteen frames with the network GRiT, and scores how the boxes of both lie. `auxiliary_info`
has `{"spatial_relationship": {"object_a": ..., "object_b": ..., "relationship": "on the left of"}}`. GRiT and
detectron2 are not in avmeter: under the metric's own name there is a skip that says so.
`vbench.spatial_relationship@judge` shows the frames to a vision-language model at an endpoint that you name
(`AVMETER_JUDGE_URL`, `AVMETER_JUDGE_MODEL`, `AVMETER_JUDGE_KEY`), and counts the frames to which it says yes: a number
of its own, which compares with those of the same model and version of the question alone. VBench asks only whether the
boxes lie side by side, or one above the other; the judge is asked which is where.

A good value: that of real videos of the same relation, by the same model.
Not seen: distance, and how the objects look and move; models are weak at left and right.

Source: Huang et al., "VBench: Comprehensive Benchmark Suite for Video Generative Models" (2024); FastVideo,
`eval/metrics/vbench/spatial_relationship`.
"""

from __future__ import annotations

from avmeter.metrics.base import FeatureSet
from avmeter.metrics.judged import GRIT, FramesJudged
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("vbench.spatial_relationship")
class SpatialRelationship(FramesJudged):
    """Share of frames that show both objects as asked, 0 to 1; higher is better."""

    question = "spatial_relationship"
    published, needs_network = GRIT
    text_fields = ("auxiliary_info",)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        return self.share_of_frames(features)
