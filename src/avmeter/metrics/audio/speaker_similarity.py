"""Speaker similarity: does the generated voice sound like the reference voice?

    cosine(embedding of the generated voice, embedding of the reference voice)

Clips in which nobody speaks are skipped. What is said does not matter much, but recording and noise do: compare models
under equal conditions, and only scores of one encoder. Published as SIM, SECS or speaker cosine. Three encoders:

- `resemblyzer`: GE2E, small, of speech alone; its cosines are never negative.
- `wavlm`: WavLM base+ with x-vectors, of speech alone, as papers before Seed-TTS and VERSA report it.
- `wavlm-ecapa`: WavLM large with ECAPA-TDNN, of the whole clip as it is: the SIM of Seed-TTS's evaluation and of most
  voice cloning papers since. 1.3 GB.

A good value: that of two recordings of one speaker made alike; those of different speakers show the floor.
Not seen: what is said and whether it is understood, naturalness, more than one voice.

Sources: Wan et al., "Generalized End-to-End Loss" (2018), by Resemblyzer; Chen et al., "WavLM" (2022); Desplanques et
al., "ECAPA-TDNN" (2020), by UniSpeech and seed-tts-eval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from avmeter.errors import UnknownNameError, UsageError
from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.cosine import cosine
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample

_ENCODERS = {"resemblyzer": "speaker_ge2e", "wavlm": "speaker_wavlm", "wavlm-ecapa": "speaker_wavlm_ecapa"}


@register("audio.speaker_similarity")
class SpeakerSimilarity(Metric):
    """Cosine of voice embeddings, -1 to 1; higher is better. Resemblyzer's are never negative, hence 0 to 1.

    Args:
        encoder: Network: Resemblyzer (GE2E, small, weights by an installed package), WavLM (base+, x-vectors), or
            WavLM large with ECAPA-TDNN.
        model_name: Folder of WavLM's model; None is the catalog's.
        protocol: Both protocols are the same here.
    """

    direction = "higher"
    unit = "cosine"
    range = (-1.0, 1.0)

    def __init__(
        self, *, encoder: str = "resemblyzer", model_name: str | None = None, protocol: str = FASTVIDEO
    ) -> None:
        super().__init__(protocol=protocol)
        if encoder not in _ENCODERS:
            raise UnknownNameError.among("encoder", encoder, _ENCODERS)
        if model_name is not None and encoder != "wavlm":
            raise UsageError(f'encoder="{encoder}" has one model only', hint='encoder="wavlm" takes a model_name')
        self.encoder = encoder
        self.model_name = model_name

    @classmethod
    def choices(cls) -> Mapping[str, Sequence[str]]:
        return {**super().choices(), "encoder": tuple(_ENCODERS)}

    def options(self) -> Mapping[str, Any]:
        model_name = {"model_name": self.model_name} if self.model_name else {}
        return {**super().options(), "encoder": self.encoder, **model_name}

    @property
    def needs(self) -> tuple[Need, ...]:
        options = {"model_name": self.model_name} if self.encoder == "wavlm" else {}
        return tuple(
            Need(name=name, field=field, extractor=_ENCODERS[self.encoder], options=options)
            for name, field in (("generated", "audio"), ("reference", "reference_audio"))
        )

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        generated, reference = features["generated"], features["reference"]
        value = cosine(generated["embedding"], reference["embedding"], where=sample.id)
        details = {
            "encoder": self.encoder,
            "speech_s": generated.facts["speech_s"],
            "reference_speech_s": reference.facts["speech_s"],
        }
        if value > 1 - 1e-6:
            details["question"] = "generated and reference are the same voice to the last digit: is it one file?"
        return MetricResult(self.name, value, details)
