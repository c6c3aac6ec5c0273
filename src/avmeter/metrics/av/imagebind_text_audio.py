"""ImageBind text-audio similarity: does the sound match its prompt?

    cosine(embedding of the prompt, embedding of the sound)

"IB-TA" of JavisBench and of papers on joint audio and video. ImageBind was never trained on texts with sounds, only on
each with images; `audio.clap_score` was. Stored as the plain cosine; some papers print it times 100. It reads 77
tokens of the prompt; a note says when that was not all.

A good value: that of the real clips with their captions, scored in the same run; shuffled pairs show the floor.
Not seen: timing, sound quality, every channel but the first (unless `channel="mean"`), what a long prompt says last.

Source: Girdhar et al., "ImageBind" (2023); Liu et al., "JavisDiT" (2025, arXiv 2503.23377), `eval/javisbench`.
"""

from __future__ import annotations

from avmeter.metrics.base import FeatureSet, Need
from avmeter.metrics.imagebind_metric import ImageBindAudioMetric, prompt_need, prompt_similarity
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("av.imagebind_text_audio")
class ImageBindTextAudio(ImageBindAudioMetric):
    """Cosine of prompt and sound embeddings, -1 to 1; higher is better.

    Args:
        protocol: Both protocols are the same here.
    """

    direction = "higher"
    unit = "cosine"
    range = (-1.0, 1.0)

    @property
    def needs(self) -> tuple[Need, ...]:
        return (prompt_need(), self.audio_need())

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        return prompt_similarity(self.name, sample, features, "audio")
