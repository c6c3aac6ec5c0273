"""What VBench's two metrics over ViCLIP share: they are the same arithmetic over other prompts."""

from __future__ import annotations

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.cosine import cosine
from avmeter.metrics.details import prompt_details
from avmeter.result import MetricResult
from avmeter.sample import Sample


class ViClipMetric(Metric):
    """Cosine of video and prompt, -1 to 1; higher is better."""

    direction = "higher"
    unit = "cosine"
    range = (-1.0, 1.0)

    @property
    def needs(self) -> tuple[Need, ...]:
        return (
            Need(name="video", field="video", extractor="viclip_video"),
            Need(name="text", field="text_prompt", extractor="viclip_text"),
        )

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        video, text = features["video"], features["text"]
        value = cosine(video["embedding"], text["embedding"], where=sample.id)
        return MetricResult(self.name, value, {**video.facts, **prompt_details(text.facts)})
