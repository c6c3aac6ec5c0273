"""ImageBind score: does the sound belong to the picture?

    cosine(embedding of the picture, embedding of the sound)

It hears and sees what things are, not when they happen. Stored as the plain cosine; some papers print it times 100.

A good value: that of the real clips with their own sound, scored in the same run; shuffled pairs show the floor.
Not seen: timing, sound quality, every channel but the first (unless `channel="mean"`).

Source: Girdhar et al., "ImageBind" (2023); av-benchmark IB-Score; FastVideo audio.imagebind_score.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.cosine import cosine
from avmeter.metrics.imagebind import hearing_of, picture_need, sound_need
from avmeter.metrics.prompt import noted
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("audio.imagebind_score")
class ImageBindScore(Metric):
    """Cosine of picture and sound embeddings, -1 to 1; higher is better.

    Args:
        channel: "first" (as published: only the first channel is heard) or "mean".
        mean_removal: "running" (as published) or "independent".
        protocol: "fastvideo" or "av-benchmark".
    """

    direction = "higher"
    unit = "cosine"
    range = (-1.0, 1.0)

    def __init__(self, *, channel: str = "first", mean_removal: str = "running", protocol: str = "fastvideo") -> None:
        super().__init__(protocol=protocol)
        self.channel = channel
        self.mean_removal = mean_removal

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "channel": self.channel, "mean_removal": self.mean_removal}

    @property
    def needs(self) -> tuple[Need, ...]:
        return (
            picture_need(self.protocol),
            sound_need({"channel": self.channel, "mean_removal": self.mean_removal}),
        )

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        value = cosine(features["video"]["embedding"], features["audio"]["embedding"], where=sample.id)
        details, notes = hearing_of(features["audio"].facts)
        return MetricResult(self.name, value, noted({**details, "scale": "cosine"}, notes))
