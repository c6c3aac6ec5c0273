"""ImageBind text-audio similarity: does the sound match its prompt?

    cosine(embedding of the prompt, embedding of the sound)

"IB-TA" of JavisBench and of papers on joint audio and video. ImageBind was never trained on texts with sounds, only on
each with pictures; `audio.clap_score` was. Stored as the plain cosine; some papers print it times 100. It reads 77
tokens of the prompt; a note says when that was not all.

A good value: that of the real clips with their captions, scored in the same run; shuffled pairs show the floor.
Not seen: timing, sound quality, every channel but the first (unless `channel="mean"`), what a long prompt says last.

Source: Girdhar et al., "ImageBind" (2023); Liu et al., "JavisDiT" (2025, arXiv 2503.23377), `eval/javisbench`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from avmeter.metrics.base import Need
from avmeter.metrics.imagebind import ImageBindPromptMetric, prompt_need, sound_need
from avmeter.registry import register


@register("av.imagebind_text_audio")
class ImageBindTextAudio(ImageBindPromptMetric):
    """Cosine of prompt and sound embeddings, -1 to 1; higher is better.

    Args:
        channel: "first" (as published: only the first channel is heard) or "mean".
        mean_removal: "running" (as published) or "independent".
        protocol: Both protocols are the same here.
    """

    def __init__(self, *, channel: str = "first", mean_removal: str = "running", protocol: str = "fastvideo") -> None:
        super().__init__(protocol=protocol)
        self.channel = channel
        self.mean_removal = mean_removal

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "channel": self.channel, "mean_removal": self.mean_removal}

    @property
    def needs(self) -> tuple[Need, ...]:
        return (prompt_need(), sound_need({"channel": self.channel, "mean_removal": self.mean_removal}))
