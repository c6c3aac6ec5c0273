"""ImageBind score: does the sound belong to the video?

    cosine(embedding of the video, embedding of the sound)

It knows what things are, not when they happen. Stored as the plain cosine; some papers print it times 100.

A good value: that of the real clips with their own sound, scored in the same run; shuffled pairs show the floor.
Not seen: timing, sound quality, every channel but the first (unless `channel="mean"`).

Source: Girdhar et al., "ImageBind" (2023); av-benchmark IB-Score; FastVideo audio.imagebind_score.
"""

from __future__ import annotations

from avmeter.metrics.base import FeatureSet, Need
from avmeter.metrics.cosine import cosine
from avmeter.metrics.details import with_notes
from avmeter.metrics.imagebind_metric import ImageBindAudioMetric, audio_details, video_need
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("audio.imagebind_score")
class ImageBindScore(ImageBindAudioMetric):
    """Cosine of video and sound embeddings, -1 to 1; higher is better."""

    direction = "higher"
    unit = "cosine"
    range = (-1.0, 1.0)

    @property
    def needs(self) -> tuple[Need, ...]:
        return (video_need(self.protocol), self.audio_need())

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        value = cosine(features["video"]["embedding"], features["audio"]["embedding"], where=sample.id)
        details, notes = audio_details(features["audio"].facts)
        return MetricResult(self.name, value, with_notes({**details, "scale": "cosine"}, notes))
