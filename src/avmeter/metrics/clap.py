"""What the metrics over CLAP embeddings have in common: a sound and its prompt, embedded by one checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from avmeter.dsp.clap import LongClips
from avmeter.errors import UnknownNameError
from avmeter.metrics.base import Metric, Need
from avmeter.nets.clap import checkpoint_name


class ClapMetric(Metric):
    """A metric with the needs "audio" and "text".

    Args:
        model: Checkpoint: "clap-htsat-fused" (default of "fastvideo"), "630k-audioset-fusion-best",
            "music_speech_audioset_epoch_15_esc_89.98" (default of "av-benchmark"), "laion/larger_clap_general",
            "msclap-2023", ...
        long_clips: Above 10 s (MS-CLAP: 7 s): "published" (fused checkpoints: the clip shrunk, and crops; others: one
            crop) or "windows" (all of it, window by window); default is "published" for fused checkpoints, else
            "windows".
        protocol: "fastvideo" or "av-benchmark" (the first 8 s; MS-CLAP: all).
    """

    def __init__(self, *, model: str | None = None, long_clips: str | None = None, protocol: str = "fastvideo") -> None:
        super().__init__(protocol=protocol)
        self.model = None if model is None else checkpoint_name(model)
        if long_clips is not None and long_clips not in list(LongClips):
            raise UnknownNameError.among("rule for long clips", str(long_clips), LongClips)
        self.long_clips = long_clips

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "model": self.model, "long_clips": self.long_clips}

    @property
    def needs(self) -> tuple[Need, ...]:
        text = {"model": self.model, "protocol": self.protocol}
        audio = {**text, "long_clips": self.long_clips}
        return (
            Need(name="audio", field="audio", extractor="clap_audio", options=audio),
            Need(name="text", field="text_prompt", extractor="clap_text", options=text),
        )
