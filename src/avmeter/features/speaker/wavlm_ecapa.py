"""Who speaks, by WavLM large with ECAPA-TDNN: the embedding of Seed-TTS's SIM.

Source: `verification.py` of seed-tts-eval. The whole clip is embedded as it is, pauses and noise included, as
published; whether there is a voice in it at all is looked for beforehand. Beyond 30 s the clip is cut, and embeddings
of unit length are averaged by duration. Clips share a batch only where they are equally long: padding would change the
embedding.

Differs from it in reading files: channels are averaged, where it takes the first, and the resampler is soxr's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from avmeter.features.base import Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.features.speaker.base import length_of_speech, mean_voice, require_speech
from avmeter.features.waveforms import pieces_of
from avmeter.media import AudioSpec, MediaItem
from avmeter.nets import wavlm_ecapa
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

_SPEC = AudioSpec(sample_rate=wavlm_ecapa.SAMPLE_RATE)


@register_extractor("speaker_wavlm_ecapa")
class SpeakerWavlmEcapa(NetworkExtractor):
    """Array `embedding` (256,) of unit length; fact `speech_s`, how much of the clip is speech."""

    takes = "audio"
    entries = ("wavlm-large-finetune",)
    dependencies = ("faster_whisper",)
    extra = "speaker"

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return wavlm_ecapa.build(), wavlm_ecapa.KEY_MAP

    def windows(self, media: MediaItem) -> Iterator[Window]:
        require_speech(length_of_speech(media))
        yield from pieces_of(media.audio(_SPEC), wavlm_ecapa.SAMPLE_RATE)

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        return {"speech_s": length_of_speech(media) / wavlm_ecapa.SAMPLE_RATE}

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": self._net(batch["waveform"])}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return mean_voice(outputs, windows, **facts)
