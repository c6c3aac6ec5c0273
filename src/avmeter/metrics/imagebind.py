"""What the metrics over ImageBind embeddings have in common: which embedding of what they need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.cosine import cosine
from avmeter.metrics.promise import promise_of
from avmeter.metrics.prompt import noted, reading_of
from avmeter.result import MetricResult
from avmeter.sample import Sample


def picture_need(protocol: str) -> Need:
    """The picture as a whole, under "video"."""
    return Need(name="video", field="video", extractor="imagebind_video", options={"protocol": protocol})


def sound_need(options: Mapping[str, Any]) -> Need:
    """The sound as a whole, under "audio"; options `channel` and `mean_removal`."""
    return Need(name="audio", field="audio", extractor="imagebind_audio", options=options)


def prompt_need() -> Need:
    """The prompt, under "text"."""
    return Need(name="text", field="text_prompt", extractor="imagebind_text")


def hearing_of(facts: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Details and notes about the sound that was embedded, out of the facts of its embedding."""
    silence = facts.get("hears_silence")
    return promise_of(facts), [] if silence is None else [silence]


class ImageBindPromptMetric(Metric):
    """A metric with the need "text" and another one: their cosine."""

    direction = "higher"
    unit = "cosine"
    range = (-1.0, 1.0)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        (other,) = (name for name in features if name != "text")
        value = cosine(features["text"]["embedding"], features[other]["embedding"], where=sample.id)
        heard, notes = hearing_of(features[other].facts)
        details = {**reading_of(features["text"].facts), **heard, "scale": "cosine"}
        return MetricResult(self.name, value, noted(details, notes))
