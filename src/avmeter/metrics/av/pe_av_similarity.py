"""PE-AV similarity: do sound, video and prompt belong together?

    cosine(embedding of the sound, embedding of the video)

Meta's Perception Encoder Audio-Video embeds sound, video, both together, and text, each pair in a space of its own:
values of different pairs and of different checkpoints do not compare. With a prompt the details hold its cosines with
sound, picture and both; `pair` makes one of them the score.

The default is the large checkpoint, which sees every frame: 2.3 s of an H100 in float32 for 10 s at 25 frames a second,
0.4 s in bfloat16, and 0.2 s with `model="pe-av-large-16-frame"`. `model="pe-av-small-16-frame"` is for CPUs: a clip
takes about two minutes of one core.

A good value: that of the real clips with their own sound (and captions), scored by the same checkpoint in the same run;
shuffled pairs show the floor.
Not seen: sound quality, and offsets in time, but for what a long clip shows of them; every channel but their mean.

Sources: Vyas et al., "Pushing the Frontier of Audiovisual Perception with Large-Scale Multimodal Correspondence
Learning" (2025), arXiv 2512.19687; facebookresearch/perception_models; transformers `PeAudioVideoModel`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from avmeter.errors import UnknownNameError
from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.cosine import cosine
from avmeter.metrics.details import prompt_details, with_notes
from avmeter.nets.pe_av import CHECKPOINTS
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample

_LENGTHS_DIFFER_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What is compared.

    Attributes:
        reads: Fields of the sample, in the order of the extractor's parents.
        a, b: (need, array) of either embedding.
    """

    reads: tuple[str, ...]
    a: tuple[str, str]
    b: tuple[str, str]


_BOTH = ("audio", "video")
PAIRS: Mapping[str, Pair] = {
    "audio_video": Pair(reads=_BOTH, a=("media", "audio"), b=("media", "video")),
    "text_audio": Pair(reads=("audio",), a=("text", "audio"), b=("media", "audio")),
    "text_video": Pair(reads=("video",), a=("text", "video"), b=("media", "video")),
    "text_audio_video": Pair(reads=_BOTH, a=("text", "audio_video"), b=("media", "audio_video")),
}


@register("av.pe_av_similarity")
class PeAvSimilarity(Metric):
    """Cosine of two embeddings, -1 to 1; higher is better.

    Args:
        pair: What is compared; "text_audio" needs no video, and "text_video" no sound.
        model: Checkpoint, "pe-av-large" by default, or a folder in the layout of transformers. Those called
            "-16-frame" see 16 frames of a clip instead of all.
        protocol: Both protocols are the same here.
    """

    direction = "higher"
    unit = "cosine"
    range = (-1.0, 1.0)

    def __init__(self, *, pair: str = "audio_video", model: str | None = None, protocol: str = FASTVIDEO) -> None:
        super().__init__(protocol=protocol)
        if not isinstance(pair, str) or pair not in PAIRS:
            raise UnknownNameError.among("pair", str(pair), PAIRS)
        self.pair = pair
        self.model = model

    @classmethod
    def choices(cls) -> Mapping[str, Sequence[str]]:
        return {**super().choices(), "pair": tuple(PAIRS), "model": tuple(CHECKPOINTS)}

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "pair": self.pair, "model": self.model}

    @property
    def needs(self) -> tuple[Need, ...]:
        reads = PAIRS[self.pair].reads
        return (
            Need(
                name="media",
                field=reads,
                extractor="pe_av_embedding",
                options={"model": self.model, "modalities": "_".join(reads)},
            ),
            Need(
                name="text",
                field="text_prompt",
                extractor="pe_av_text",
                options={"model": self.model},
                optional=self.pair == "audio_video",
            ),
        )

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        found = {
            name: cosine(*(features[need][array] for need, array in (pair.a, pair.b)), where=sample.id)
            for name, pair in PAIRS.items()
            if all(need in features and array in features[need].arrays for need, array in (pair.a, pair.b))
        }
        details: dict[str, Any] = {"pair": self.pair, **found, **features["media"].facts, "scale": "cosine"}
        notes = _notes_on_lengths(details)
        if "text" in features:
            details |= prompt_details(features["text"].facts)
        elif "text" in features.skips and features.skips["text"].code != "missing_input":
            notes.append(f"not compared with the prompt: {features.skips['text'].reason}")
        return MetricResult(self.name, found[self.pair], with_notes(details, notes))


def _notes_on_lengths(facts: Mapping[str, Any]) -> list[str]:
    """A note where sound and video, both of which were embedded, last differently long."""
    if not {"sound_s", "picture_s"} <= facts.keys() or abs(facts["sound_s"] - facts["picture_s"]) <= _LENGTHS_DIFFER_S:
        return []
    return [
        f"the sound lasts {facts['sound_s']:.2f} s and the video {facts['picture_s']:.2f} s: "
        "PE-AV takes them to last equally long"
    ]
