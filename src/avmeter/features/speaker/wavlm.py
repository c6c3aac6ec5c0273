"""Who speaks, by WavLM base+ with an x-vector head: the embedding of which papers report the similarity.

Source: Chen et al., "WavLM" (2022); `microsoft/wavlm-base-plus-sv` through transformers' `WavLMForXVector`. Only
speech is embedded; beyond 30 s it is cut, and embeddings of unit length are averaged by duration. Clips share a batch
only where they are equally long: padding would change the embedding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features, Window
from avmeter.features.model_folder import ModelFolderExtractor, load_pretrained, reading_model
from avmeter.features.speaker.base import speech_of_speaker
from avmeter.features.vad import SAMPLE_RATE
from avmeter.media import AudioSpec, MediaItem
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime
from avmeter.telemetry import import_without_telemetry

ENTRY = "wavlm-base-plus-sv"
_WINDOW = 30 * SAMPLE_RATE  # 480000 samples in a 30-second window
_UNUSED = ("objective.", "wavlm.masked_spec_embed")  # of training
_MIN_SPEECH = SAMPLE_RATE // 2  # samples in half a second


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
        waveform = media.audio(AudioSpec(sample_rate=SAMPLE_RATE))[:].astype(np.float32)
        speech = speech_of_speaker(waveform)
        if len(speech) < _MIN_SPEECH:
            raise SkipError(
                SkipCode.NO_SPEECH,
                f"{len(speech) / SAMPLE_RATE:.2f} s of speech; a voice needs {_MIN_SPEECH / SAMPLE_RATE:g} s",
            )
        for start in range(0, len(speech), _WINDOW):
            piece = speech[start : start + _WINDOW]
            if start and len(piece) < _MIN_SPEECH:
                return
            if self._normalises:
                piece = (piece - piece.mean()) / np.sqrt(piece.var() + 1e-7)
            yield Window(
                inputs={"waveform": np.ascontiguousarray(piece, np.float32)},
                start_s=start / SAMPLE_RATE,
                duration_s=len(piece) / SAMPLE_RATE,
            )

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": self._net.network(batch["waveform"]).embeddings}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        units = np.stack([o["embedding"] / np.linalg.norm(o["embedding"]) for o in outputs])
        durations = np.array([w.duration_s for w in windows])
        mean = durations @ units
        return Features(
            arrays={"embedding": (mean / np.linalg.norm(mean)).astype(np.float32)},
            facts={"speech_s": float(durations.sum()), "num_windows": len(windows)},
        )
