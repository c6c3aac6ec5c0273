"""Multiple objects: are both objects that were asked for in one frame?

VBench detects objects in sixteen frames with the network GRiT, and the score is the share of frames with both of
`auxiliary_info` (`{"object": "dog and cat"}`). GRiT and detectron2 are not in avmeter: under the
metric's own name there is a skip that says so. `vbench.multiple_objects@judge` shows the frames to a vision-language
model at an endpoint that you name (`AVMETER_JUDGE_URL`, `AVMETER_JUDGE_MODEL`, `AVMETER_JUDGE_KEY`), and counts the
frames to which it says yes: a number of its own, which compares with those of the same model and version of the
question alone.

A good value: that of real videos of the same objects, by the same model.
Not seen: how many of each there are, how they look and move.

Source: Huang et al., "VBench: Comprehensive Benchmark Suite for Video Generative Models" (2024); FastVideo,
`eval/metrics/vbench/multiple_objects`.
"""

from __future__ import annotations

from avmeter.metrics.base import FeatureSet
from avmeter.metrics.judged import GRIT, FramesJudged
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("vbench.multiple_objects")
class MultipleObjects(FramesJudged):
    """Share of frames that show both objects, 0 to 1; higher is better."""

    question = "multiple_objects"
    published, needs_network = GRIT
    text_fields = ("auxiliary_info",)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        return self.share_of_frames(features)
