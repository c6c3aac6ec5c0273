"""What metrics over CLAP embeddings share: a sound and its prompt, embedded by one checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from avmeter.dsp.clap import LongClips
from avmeter.errors import UnknownNameError
from avmeter.metrics.base import Metric, Need
from avmeter.nets.clap import CHECKPOINTS, checkpoint_name
from avmeter.protocols import FASTVIDEO


class ClapMetric(Metric):
    """A metric with the needs "audio" and "text".

    Args:
        model: Checkpoint; its published name ("laion/larger_clap_general") will do too. Default:
            "clap-htsat-fused" in "fastvideo", "laion-clap-music-speech-audioset" in "av-benchmark".
        long_clips: Above 10 s (MS-CLAP: 7 s): "published" (fused checkpoints: the clip shrunk, and crops; others: one
            crop) or "windows" (all of it, window by window); default is "published" for fused checkpoints, else
            "windows".
        protocol: "fastvideo" or "av-benchmark" (the first 8 s, of "av-benchmark@10s" the first 10; MS-CLAP: all).
    """

    def __init__(self, *, model: str | None = None, long_clips: str | None = None, protocol: str = FASTVIDEO) -> None:
        super().__init__(protocol=protocol)
        self.model = None if model is None else checkpoint_name(model)
        if long_clips is not None and long_clips not in list(LongClips):
            raise UnknownNameError.among("rule for long clips", str(long_clips), LongClips)
        self.long_clips = long_clips

    @classmethod
    def choices(cls) -> Mapping[str, Sequence[str]]:
        return {**super().choices(), "model": tuple(CHECKPOINTS)}

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
