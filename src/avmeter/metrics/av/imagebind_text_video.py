"""ImageBind text-video similarity: does the video match its prompt?

    cosine(embedding of the prompt, embedding of the video)

"IB-TV" of JavisBench and of papers on joint audio and video. Stored as the plain cosine; some papers print it times
100. It reads 77 tokens of the prompt; a note says when that was not all.

A good value: that of the real clips with their captions, scored in the same run; shuffled pairs show the floor.
Not seen: the sound, motion beyond two frames 2 s apart, image quality, what a long prompt says last.

Source: Girdhar et al., "ImageBind" (2023); Liu et al., "JavisDiT" (2025, arXiv 2503.23377), `eval/javisbench`.
"""

from __future__ import annotations

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.imagebind_metric import prompt_need, prompt_similarity, video_need
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("av.imagebind_text_video")
class ImageBindTextVideo(Metric):
    """Cosine of prompt and video embeddings, -1 to 1; higher is better.

    Args:
        protocol: "fastvideo" (ImageBind's own loader, as JavisBench) or "av-benchmark" (its frames).
    """

    direction = "higher"
    unit = "cosine"
    range = (-1.0, 1.0)

    @property
    def needs(self) -> tuple[Need, ...]:
        return (prompt_need(), video_need(self.protocol))

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        return prompt_similarity(self.name, sample, features, "video")
