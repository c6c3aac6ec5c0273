"""VideoScore2: how good is the video, does it show its prompt, and does it obey physics?

VideoScore2, a vision-language model that learnt from people's marks, gives three from 1 to 5, and the score is their
mean. Its weights are not in avmeter: under the metric's own name there is a skip that says so.
`videoscore2.score@judge` asks a vision-language model at an endpoint that you name (`AVMETER_JUDGE_URL`,
`AVMETER_JUDGE_MODEL`, `AVMETER_JUDGE_KEY`) for three such marks: a number of its own, which compares with those of the
same model and version of the question alone. FastVideo weighs the likeliest mark by its probability; marks of a judge
are taken as they are given.

A good value: that of real videos, by the same model; models rarely give 1 or 5.
Not seen: sound, and motion between the frames that are shown.

Source: He et al., "VideoScore2: Think before You Score in Generative Video Evaluation" (2025); FastVideo,
`eval/metrics/videoscore2`.
"""

from __future__ import annotations

from avmeter.metrics.base import FeatureSet
from avmeter.metrics.judged import JudgedMetric
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample
from avmeter.text.judge_questions import MARKS


@register("videoscore2.score")
class VideoScore2(JudgedMetric):
    """Mean of three marks, 1 to 5; higher is better."""

    range = (1.0, 5.0)
    question = "videoscore2"
    published, needs_network = "videoscore2", "the vision-language model VideoScore2"
    text_fields = ("text_prompt",)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        marks = features["judge"].facts["answer"]
        return self.result(features, sum(marks[name] for name in MARKS) / len(MARKS), marks)
