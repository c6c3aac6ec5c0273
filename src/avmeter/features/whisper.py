"""Transcripts by Whisper through faster-whisper (CTranslate2).

Source: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision" (2022). Deterministic: greedy or
beam search at temperature 0, no fallback sampling, no conditioning on earlier text. Clips longer than 30 s are
transcribed whole. A voice activity detector runs beside it: a clip without speech gives an empty transcript, and a
segment where nobody speaks is dropped, so that silence and noise do not become invented sentences. The recogniser
itself hears the whole clip, for cutting pauses out changes what it understands.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from avmeter.features.base import Features, Runtime, Window, WindowExtractor
from avmeter.media import AudioSpec, MediaItem
from avmeter.registry import register_extractor
from avmeter.text.language import parse_language

SAMPLE_RATE = 16_000
_PREFIXES = ("openai/whisper-", "Systran/faster-whisper-", "faster-whisper-", "whisper-")


@register_extractor("whisper")
class Whisper(WindowExtractor):
    """Text of a clip, with the evidence for it.

    Args:
        model_name: Size ("base", "large-v3"), hub name ("openai/whisper-base"), or folder of a CTranslate2 model.
        language: Language hint, in any form `parse_language` takes; None detects it.
        vad: Drop what the voice activity detector holds for no speech.
        beam_size: 1 is greedy.
    """

    name = "whisper"
    takes = "audio"
    dependencies = ("faster_whisper",)
    extra = "speech"

    def __init__(
        self, *, model_name: str | None = None, language: str | None = None, vad: bool = True, beam_size: int = 1
    ) -> None:
        self.model_name = model_name or "base"
        parsed = parse_language(language)
        self.language = parsed.whisper if parsed else None
        self.vad = vad
        self.beam_size = beam_size
        self._model: Any = None

    def options(self) -> Mapping[str, Any]:
        return {
            "model_name": self.model_name,
            "language": self.language,
            "vad": self.vad,
            "beam_size": self.beam_size,
        }

    def _entry(self) -> str:
        size = self.model_name
        for prefix in _PREFIXES:
            size = size.removeprefix(prefix)
        return f"faster-whisper-{size}"

    def weights(self) -> tuple[str, ...]:
        return () if Path(self.model_name).is_dir() else (self._entry(),)

    def load(self, runtime: Runtime) -> None:
        def build() -> Any:
            from faster_whisper import WhisperModel

            folder = self.model_name if Path(self.model_name).is_dir() else runtime.weights.folder(self._entry())
            on_gpu = runtime.device.type == "cuda"
            half = on_gpu and runtime.precision in ("bf16", "fp16")
            return WhisperModel(
                str(folder),
                device=runtime.device.type,
                device_index=runtime.device.index or 0,
                compute_type="float16" if half else "float32",
            )

        self._model = runtime.network(("faster-whisper", self.model_name), build)

    def unload(self) -> None:
        self._model = None

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = media.audio(AudioSpec(sample_rate=SAMPLE_RATE))
        duration_s = len(waveform) / SAMPLE_RATE
        yield Window(inputs={"waveform": waveform[:]}, duration_s=duration_s)

    def batch_key(self, window: Window) -> Hashable:
        return None

    def run(self, windows: Sequence[Window], runtime: Runtime) -> list[dict[str, Any]]:
        return [self._transcribe(w) for w in windows]

    def _transcribe(self, window: Window) -> dict[str, Any]:
        from faster_whisper.vad import get_speech_timestamps

        waveform = window.inputs["waveform"]
        spoken = get_speech_timestamps(waveform) if self.vad else [{"start": 0, "end": len(waveform)}]
        facts: dict[str, Any] = {
            "text": "",
            "segments": [],
            "language": None,
            "language_probability": None,
            "speech_s": sum(s["end"] - s["start"] for s in spoken) / SAMPLE_RATE,
            "duration_s": window.duration_s,
            "long_form": window.duration_s > 30.0,
        }
        if not spoken:
            return facts
        segments, info = self._model.transcribe(
            waveform,
            language=self.language,
            beam_size=self.beam_size,
            temperature=0.0,
            condition_on_previous_text=False,
        )
        parts = [
            {
                "start_s": round(s.start, 3),
                "end_s": round(s.end, 3),
                "text": s.text.strip(),
                "no_speech_prob": s.no_speech_prob,
                "avg_logprob": s.avg_logprob,
                "compression_ratio": s.compression_ratio,
            }
            for s in segments
            if _overlaps(s.start, s.end, spoken)
        ]
        text = " ".join(p["text"] for p in parts if p["text"])
        found = {"language": info.language, "language_probability": info.language_probability} if parts else {}
        return {**facts, "text": text, "segments": parts, **found}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(facts=dict(outputs[0]))


def _overlaps(start_s: float, end_s: float, spoken: Sequence[Mapping[str, int]]) -> bool:
    """True if some of the spoken stretches (in samples) lies within the segment."""
    return any(s["start"] < end_s * SAMPLE_RATE and s["end"] > start_s * SAMPLE_RATE for s in spoken)
