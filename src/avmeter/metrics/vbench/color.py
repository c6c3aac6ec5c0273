"""Color: has the object the color that was asked for?

VBench has GRiT caption sixteen frames; the score is the share of frames with the color of `auxiliary_info`
(`{"color": "red"}`) among those that show the object of the prompt ("a red bicycle"). GRiT and detectron2 are not in
avmeter: under the metric's own name there is a skip that says so. `vbench.color@judge` shows the frames to a
vision-language model at an endpoint that you name (`AVMETER_JUDGE_URL`, `AVMETER_JUDGE_MODEL`, `AVMETER_JUDGE_KEY`):
a number of its own, which compares with those of the same model and version of the question alone.

A clip without the object in any frame is a skip, `no_events`: VBench leaves it out as well, and FastVideo scores it 0.

A good value: that of real videos of the same objects, by the same model.
Not seen: in how many frames the object is (`vbench.object_class`), shades, and the colors of anything else.

Source: Huang et al., "VBench: Comprehensive Benchmark Suite for Video Generative Models" (2024), `vbench/color.py`.
"""

from __future__ import annotations

from avmeter.errors import SkipCode, SkipError
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.judged import GRIT, FramesJudged
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample
from avmeter.text.judge_questions import NO_OBJECT, SAME_COLOR


@register("vbench.color")
class Color(FramesJudged):
    """Share of the frames with the object that show it in the color, 0 to 1; higher is better."""

    question = "color"
    published, needs_network = GRIT
    text_fields = ("auxiliary_info", "text_prompt")

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        answers = features["judge"].facts["answer"]
        num_correct, num_detected = answers.count(SAME_COLOR), len(answers) - answers.count(NO_OBJECT)
        if not num_detected:
            raise SkipError(SkipCode.NO_EVENTS, f"{sample.id}: the object of the prompt is in none of its frames")
        details = {"object_detected": num_detected, "color_correct": num_correct, "per_frame": answers}
        return self.result(features, num_correct / num_detected, details)
