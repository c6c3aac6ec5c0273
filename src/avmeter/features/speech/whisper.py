"""Transcripts by Whisper through faster-whisper (CTranslate2).

Source: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision" (2022). Deterministic: greedy or
beam search at temperature 0, no fallback sampling, no conditioning on earlier text. Clips longer than 30 s are
transcribed whole, by Whisper's own sliding window. A segment in which the voice activity detector finds no speech is
dropped.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.features import cublas
from avmeter.features.base import Window
from avmeter.features.model_folder import reading_model, require_files
from avmeter.features.speech.base import SpeechRecogniser
from avmeter.features.vad import SAMPLE_RATE
from avmeter.features.whisper_batches import Transcript, WhisperBatches
from avmeter.media import MediaItem
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime
from avmeter.telemetry import import_without_telemetry

logger = logging.getLogger("avmeter")

# The tokenizer would be fetched from the hub if it were not there.
_FILES = ("model.bin", "config.json", "tokenizer.json")
_GPU_STREAMS = 4
PREFIXES = ("openai/whisper-", "Systran/faster-whisper-", "faster-whisper-", "whisper-")


@register_extractor("whisper")
class Whisper(SpeechRecogniser):
    """Text of a clip; see `SpeechRecogniser`.

    Args:
        model_name: Size ("base", "large-v3"), hub name ("openai/whisper-base"), or folder of a CTranslate2 model.
        language: Language hint; None detects it.
        vad: Transcribe only where the voice activity detector finds speech.
        beam_size: 1 is greedy.
    """

    version = "4"
    dependencies = ("faster_whisper",)
    extra = "speech"
    option_names = ("model_name", "language", "vad", "beam_size")
    default_model = "base"
    family = "faster-whisper-"
    optional_prefix = "faster-whisper-"
    max_piece_s = None
    # On a GPU a batch lasts until its longest transcript is written, mostly in launches of small kernels.
    gpu_batch_size = 16
    batch_size = 1  # padded to 30 s, a single clip fills a core: larger batches gain 6% and leave cores without work
    is_concurrent = True
    is_sized_to_cores = True

    def __init__(
        self, *, model_name: str | None = None, language: str | None = None, vad: bool = True, beam_size: int = 1
    ) -> None:
        super().__init__(model_name=model_name, language=language, vad=vad)
        self.beam_size = beam_size
        self._front_end: dict[str, int] = {}

    def load(self, runtime: Runtime) -> None:
        super().load(runtime)
        self._front_end = self._net.front_end
        self.only_language = None if self._net.is_multilingual else "en"

    def decoding_state(self) -> Mapping[str, Any]:
        return {**super().decoding_state(), "_front_end": self._front_end}

    def windows(self, media: MediaItem) -> Iterator[Window]:
        """Cut as every recogniser does; log-mels are made here, where clips are decoded side by side."""
        log_mel = _front_end(**self._front_end)
        for window in super().windows(media):
            waveform, spoken = window.inputs["waveform"], window.inputs["spoken"]
            yield replace(
                window, inputs={"log_mel": log_mel(waveform if len(spoken) else waveform[:0]), "spoken": spoken}
            )

    def entry(self) -> str:
        return f"faster-whisper-{size_of(self.model_name)}"

    def build_network(self, runtime: Runtime) -> Any:
        faster_whisper = import_without_telemetry("faster_whisper")
        on_gpu = runtime.device.type == "cuda" and _can_use_gpu()
        half = on_gpu and runtime.half_dtype is not None
        folder, kind = self.model_folder(runtime), "a Whisper of CTranslate2"
        require_files(folder, _FILES, kind)
        with reading_model(folder, kind):
            net = faster_whisper.WhisperModel(
                str(folder),
                device="cuda" if on_gpu else "cpu",
                device_index=(runtime.device.index or 0) if on_gpu else 0,
                compute_type="float16" if half else "float32",
                cpu_threads=runtime.cores.threads,
                num_workers=min(runtime.cores.num_lanes, _GPU_STREAMS) if on_gpu else runtime.cores.num_lanes,
                local_files_only=True,
            )
        return WhisperBatches(net)

    def transcribe(self, windows: Sequence[Window], runtime: Runtime) -> list[Mapping[str, Any]]:
        model: WhisperBatches = self._net
        clips = model.transcribe([w.inputs["log_mel"] for w in windows], self.language, beam_size=self.beam_size)
        return [_facts(clip, window.inputs["spoken"]) for clip, window in zip(clips, windows, strict=True)]


@functools.cache
def _front_end(**settings: int) -> Any:
    return import_without_telemetry("faster_whisper.feature_extractor").FeatureExtractor(**settings)


def _can_use_gpu() -> bool:
    if cublas.is_available():
        return True
    logger.warning(
        "Whisper runs on the CPU: CTranslate2 needs cuBLAS 12, which this machine lacks. What helps: "
        "pip install %s, or engine='transformers'",
        cublas.PACKAGE,
    )
    return False


def _facts(clip: Transcript, spoken: npt.NDArray[np.int64]) -> Mapping[str, Any]:
    segments = [s for s in clip.segments if _overlaps(s["start_s"], s["end_s"], spoken)]
    return {
        "segments": segments,
        "language": clip.language if segments else None,
        "language_probability": clip.language_probability if segments else None,
    }


def size_of(model_name: str) -> str:
    """Return "base" for "openai/whisper-base" and the like."""
    for prefix in PREFIXES:
        model_name = model_name.removeprefix(prefix)
    return model_name


def _overlaps(start_s: float, end_s: float, spoken: npt.NDArray[np.int64]) -> bool:
    """Return True if some of the spoken ranges, in samples, lies within the segment."""
    return bool(((spoken[:, 0] < end_s * SAMPLE_RATE) & (spoken[:, 1] > start_s * SAMPLE_RATE)).any())
