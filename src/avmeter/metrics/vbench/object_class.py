"""Object class: is the object that was asked for in the frames?

VBench detects objects in sixteen frames with the network GRiT, and the score is the share of frames with one of the
class in `auxiliary_info` (`{"object": "dog"}`). GRiT and detectron2 are not in avmeter: under the metric's own name
there is a skip that says so. `vbench.object_class@judge` shows the frames to a vision-language model at an endpoint
that you name (`AVMETER_JUDGE_URL`, `AVMETER_JUDGE_MODEL`, `AVMETER_JUDGE_KEY`), and counts the frames to which it says
yes. It is a number of its own: it compares with those of the same model and version of the question alone, which stand
in its details.

A good value: that of real videos of the same objects, by the same model.
Not seen: how the object looks and moves, and what else is there; a model that likes to say yes is not noticed.

Source: Huang et al., "VBench: Comprehensive Benchmark Suite for Video Generative Models" (2024); FastVideo,
`eval/metrics/vbench/object_class`.
"""

from __future__ import annotations

from avmeter.metrics.base import FeatureSet
from avmeter.metrics.judged import GRIT, FramesJudged
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("vbench.object_class")
class ObjectClass(FramesJudged):
    """Share of frames that show the object, 0 to 1; higher is better."""

    question = "object_class"
    published, needs_network = GRIT
    text_fields = ("auxiliary_info",)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        return self.share_of_frames(features)
