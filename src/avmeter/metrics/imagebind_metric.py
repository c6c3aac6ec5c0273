"""What metrics over ImageBind embeddings share: which embedding of what they need, and the details of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.cosine import cosine
from avmeter.metrics.details import duration_mismatch, prompt_details, with_notes
from avmeter.protocols import FASTVIDEO
from avmeter.result import MetricResult
from avmeter.sample import Sample


class ImageBindAudioMetric(Metric):
    """A metric over an ImageBind embedding of sound, alone or with others.

    Args:
        channel: "first" (as published: only the first channel is read) or "mean".
        mean_removal: "running" (as published) or "independent".
    """

    def __init__(self, *, channel: str = "first", mean_removal: str = "running", protocol: str = FASTVIDEO) -> None:
        super().__init__(protocol=protocol)
        self.channel = channel
        self.mean_removal = mean_removal

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), **self.audio_options()}

    def audio_options(self) -> dict[str, Any]:
        """Return the options of the extractor of sound."""
        return {"channel": self.channel, "mean_removal": self.mean_removal}

    def audio_need(self) -> Need:
        """Return the need for the sound as a whole, under "audio"."""
        return Need(name="audio", field="audio", extractor="imagebind_audio", options=self.audio_options())


def video_need(protocol: str) -> Need:
    """Return the need for the video as a whole, under "video"."""
    return Need(name="video", field="video", extractor="imagebind_video", options={"protocol": protocol})


def prompt_need() -> Need:
    """Return the need for the prompt, under "text"."""
    return Need(name="text", field="text_prompt", extractor="imagebind_text")


def audio_details(facts: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return details and notes about the sound that was embedded.

    Args:
        facts: Of its embedding.
    """
    silence = facts.get("hears_silence")
    if silence is None:
        return duration_mismatch(facts), []
    return {**duration_mismatch(facts), "silence_read": True}, [silence]


def prompt_similarity(metric: str, sample: Sample, features: FeatureSet, other: str) -> MetricResult:
    """Return the cosine of the prompt's embedding and that of the need called `other`, as a result of `metric`.

    Raises:
        SkipError: An embedding is not finite, or has no direction.
    """
    value = cosine(features["text"]["embedding"], features[other]["embedding"], where=sample.id)
    details, notes = audio_details(features[other].facts)
    details = {**prompt_details(features["text"].facts), **details, "scale": "cosine"}
    return MetricResult(metric, value, with_notes(details, notes))
