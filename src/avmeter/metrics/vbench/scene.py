"""Scene: is the place what was asked for?

A model describes the video, and the score is 1 if every word of `auxiliary_info` (`{"scene": "train station"}`) is in
the description, else 0. FastVideo has the captioner AVoCaDO describe it, and VBench Tag2Text; neither is in avmeter:
under the metric's own name there is a skip that says so. `vbench.scene@judge` has the description of a vision-language
model at an endpoint that you name (`AVMETER_JUDGE_URL`, `AVMETER_JUDGE_MODEL`, `AVMETER_JUDGE_KEY`), which is not told
what is looked for: a number of its own, which compares with those of the same model and version of the question alone.

A good value: that of real videos of the same places, by the same model.
Not seen: places that the model calls by another word; words are looked for in other words too, as FastVideo does.

Source: Huang et al., "VBench: Comprehensive Benchmark Suite for Video Generative Models" (2024); FastVideo,
`eval/metrics/vbench/scene`.
"""

from __future__ import annotations

from typing import Any

from avmeter.errors import SkipCode
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.judged import JudgedMetric
from avmeter.registry import register
from avmeter.result import MetricResult, Skip
from avmeter.sample import Sample
from avmeter.text.judge_questions import entry_of

_LONGEST_CAPTION = 500  # characters in the details, as in FastVideo


@register("vbench.scene")
class Scene(JudgedMetric):
    """1 if the description has all words of the scene, else 0; higher is better."""

    range = (0.0, 1.0)
    question = "scene"
    published, needs_network = "avocado", "the captioner AVoCaDO"
    requires = ("auxiliary_info",)

    def check(self, sample: Sample) -> Skip | None:
        """Say also that no scene is named."""
        skip = super().check(sample)
        if skip is not None or _keywords(sample):
            return skip
        has_info = sample.has("auxiliary_info")
        return Skip(
            code=SkipCode.MISSING_INPUT,
            reason=f"{sample.id}: " + ("`auxiliary_info` has no `scene`" if has_info else "no `auxiliary_info` given"),
            hint='give `auxiliary_info={"scene": "beach"}`',
            field=None if has_info else "auxiliary_info",
        )

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        caption, keywords = features["judge"].facts["answer"].lower(), _keywords(sample)
        matched = [word for word in keywords if word in caption]
        details: dict[str, Any] = {"caption": caption[:_LONGEST_CAPTION], "keywords": keywords, "matched": matched}
        return self.result(features, float(len(matched) == len(keywords)), details)


def _keywords(sample: Sample) -> list[str]:
    scene = entry_of(sample.described("auxiliary_info"), "scene", str)
    return [] if scene is None else scene.lower().split()
