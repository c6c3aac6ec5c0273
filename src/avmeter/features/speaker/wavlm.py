"""Who speaks, by WavLM base+ with an x-vector head: the embedding of which papers report the similarity.

Source: Chen et al., "WavLM" (2022); `microsoft/wavlm-base-plus-sv` through transformers' `WavLMForXVector`. Only
speech is embedded; beyond 30 s it is cut, and embeddings of unit length are averaged by duration. Clips share a batch
only where they are equally long: padding would change the embedding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from avmeter.features.base import Features, Window
from avmeter.features.model_folder import ModelFolderExtractor, load_pretrained, reading_model
from avmeter.features.speaker.base import mean_voice, require_speech, speech_of_clip
from avmeter.features.vad import SAMPLE_RATE
from avmeter.features.waveforms import pieces_of
from avmeter.media import MediaItem
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime
from avmeter.telemetry import import_without_telemetry

ENTRY = "wavlm-base-plus-sv"
_UNUSED = ("objective.", "wavlm.masked_spec_embed")  # of training


class _WavLM(NamedTuple):
    """The network, and whether it reads waveforms of mean 0 and variance 1."""

    network: Any
    normalises: bool


@register_extractor("speaker_wavlm")
class SpeakerWavlm(ModelFolderExtractor):
    """Array `embedding` (512,) of unit length; fact `speech_s`.

    Args:
        model_name: Folder of a model with `config.json`, weights and `preprocessor_config.json`; None is the catalog's.
    """

    takes = "audio"
    family = ENTRY
    option_names = ("model_name",)
    dependencies = ("transformers", "faster_whisper")
    extra = "speaker"
    needs_real_weights = True

    def __init__(self, *, model_name: str | None = None) -> None:
        self.model_name = ENTRY if model_name is None else str(model_name)
        super().__init__(self.model_name)
        self._normalises = False

    def entry(self) -> str:
        return self.model_name.removeprefix("microsoft/")

    def load(self, runtime: Runtime) -> None:
        super().load(runtime)
        self._normalises = self._net.normalises

    def build_network(self, runtime: Runtime) -> _WavLM:
        transformers = import_without_telemetry("transformers")
        folder = self.model_folder(runtime)
        with reading_model(folder, "a WavLM for speaker verification"):
            front = transformers.Wav2Vec2FeatureExtractor.from_pretrained(folder, local_files_only=True)
            net = load_pretrained(transformers.WavLMForXVector, folder, optional=_UNUSED, dtype=torch.float32)
        return _WavLM(net.to(runtime.device).eval().requires_grad_(False), bool(front.do_normalize))

    def decoding_state(self) -> Mapping[str, Any]:
        return {"_normalises": self._normalises}

    def windows(self, media: MediaItem) -> Iterator[Window]:
        speech = speech_of_clip(media)
        require_speech(len(speech))
        for window in pieces_of(speech, SAMPLE_RATE):
            piece = window.inputs["waveform"]
            if self._normalises:
                piece = (piece - piece.mean()) / np.sqrt(piece.var() + 1e-7)
            yield replace(window, inputs={"waveform": piece})

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": self._net.network(batch["waveform"]).embeddings}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return mean_voice(outputs, windows, speech_s=sum(w.duration_s for w in windows))
