"""Who speaks, by WavLM base+ with an x-vector head: the embedding of which papers report the similarity.

Source: Chen et al., "WavLM" (2022); `microsoft/wavlm-base-plus-sv` through transformers' `WavLMForXVector`. Only
speech is heard; beyond 30 s it is cut, and embeddings of unit length are averaged by duration. Clips share a batch
only where they are equally long: padding would change the embedding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avmeter.errors import SkipCode, SkipError, WeightsError
from avmeter.features.base import Features, Window, WindowExtractor
from avmeter.features.speech.base import SAMPLE_RATE, folder_fingerprint, voiced
from avmeter.media import AudioSpec, MediaItem
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

ENTRY = "wavlm-base-plus-sv"
_WINDOW, _SHORTEST = 30 * SAMPLE_RATE, SAMPLE_RATE // 2


@register_extractor("speaker_wavlm")
class SpeakerWavlm(WindowExtractor):
    """Array `embedding` (512,) of unit length; fact `speech_s`.

    Args:
        model_name: Folder of a model with `config.json`, weights and `preprocessor_config.json`; None is the catalog's.
    """

    name = "speaker_wavlm"
    takes = "audio"
    dependencies = ("transformers", "faster_whisper")
    extra = "speaker"

    def __init__(self, *, model_name: str | None = None) -> None:
        self.model_name = model_name or ENTRY
        self._net: Any = None
        self._normalises = False

    def options(self) -> Mapping[str, Any]:
        return {"model_name": self.model_name}

    def weights(self) -> tuple[str, ...]:
        return () if Path(self.model_name).is_dir() else (ENTRY,)

    def fingerprint(self, runtime: Runtime) -> str:
        """As every extractor's; a folder enters with the names, sizes and dates of its files."""
        known = super().fingerprint(runtime)
        return known if self.weights() else folder_fingerprint(known, Path(self.model_name), runtime)

    def load(self, runtime: Runtime) -> None:
        self._net, self._normalises = runtime.network(("wavlm-sv", self.model_name), lambda: self._build(runtime))

    def _build(self, runtime: Runtime) -> tuple[Any, bool]:
        from transformers import Wav2Vec2FeatureExtractor, WavLMForXVector

        folder = Path(self.model_name) if Path(self.model_name).is_dir() else runtime.weights.folder(ENTRY)
        try:
            front = Wav2Vec2FeatureExtractor.from_pretrained(folder, local_files_only=True)
            net = WavLMForXVector.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
        except (OSError, ValueError) as error:
            raise WeightsError(f"{folder}: not a WavLM for speaker verification ({error})") from error
        return net.to(runtime.device).eval().requires_grad_(False), bool(front.do_normalize)

    def unload(self) -> None:
        self._net = None

    def decoding_state(self) -> Mapping[str, Any]:
        return {"_normalises": self._normalises}

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = media.audio(AudioSpec(sample_rate=SAMPLE_RATE))[:].astype(np.float32)
        speech = voiced(waveform, pause_ms=180, pad_ms=90)
        if len(speech) < _SHORTEST:
            raise SkipError(
                SkipCode.NO_SPEECH,
                f"{len(speech) / SAMPLE_RATE:.2f} s of speech; a voice needs {_SHORTEST / SAMPLE_RATE:g} s",
            )
        for start in range(0, len(speech), _WINDOW):
            piece = speech[start : start + _WINDOW]
            if start and len(piece) < _SHORTEST:
                return
            if self._normalises:
                piece = (piece - piece.mean()) / np.sqrt(piece.var() + 1e-7)
            yield Window(
                inputs={"waveform": np.ascontiguousarray(piece, np.float32)},
                start_s=start / SAMPLE_RATE,
                duration_s=len(piece) / SAMPLE_RATE,
            )

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": self._net(batch["waveform"]).embeddings}

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
