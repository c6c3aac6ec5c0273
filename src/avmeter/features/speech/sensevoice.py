"""Transcripts by SenseVoice through sherpa-onnx: not autoregressive, hence fast, for five languages.

Source: An et al., "FunAudioLLM" (2024); the int8 model of k2-fsa/sherpa-onnx, which is another numeric model than
the one of FunASR. Clips longer than 30 s are cut at pauses.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from avmeter.errors import SkipCode, SkipError, WeightsError
from avmeter.features.base import Window
from avmeter.features.model_folder import reading_model
from avmeter.features.speech.base import SpeechRecogniser, whole_segment
from avmeter.features.vad import SAMPLE_RATE
from avmeter.media import MediaItem
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime
from avmeter.telemetry import import_without_telemetry

LANGUAGES = ("zh", "en", "ja", "ko", "yue")


@register_extractor("sensevoice")
class SenseVoice(SpeechRecogniser):
    """Text of a clip; see `SpeechRecogniser`.

    Args:
        model_name: Name in the catalog, or folder with `model.int8.onnx` (or `model.onnx`) and `tokens.txt`.
        language: Language hint, one of Mandarin, English, Japanese, Korean, Cantonese; None detects it.
        vad: Transcribe only where the voice activity detector finds speech.
    """

    dependencies = ("sherpa_onnx", "faster_whisper")
    extra = "sensevoice"
    default_model = "sensevoice-onnx"
    family = "sensevoice-"

    def entry(self) -> str:
        return self.model_name

    def network_key(self) -> Hashable:
        return (super().network_key(), self.language)

    def build_network(self, runtime: Runtime) -> Any:
        folder = self.model_folder(runtime)
        models = [folder / name for name in ("model.int8.onnx", "model.onnx") if (folder / name).is_file()]
        if not models or not (folder / "tokens.txt").is_file():
            raise WeightsError(f"{folder}: no model.int8.onnx (or model.onnx) with tokens.txt")
        sherpa_onnx = import_without_telemetry("sherpa_onnx")
        with reading_model(folder, "a SenseVoice of sherpa-onnx"):
            return sherpa_onnx.OfflineRecognizer.from_sense_voice(
                model=str(models[0]),
                tokens=str(folder / "tokens.txt"),
                language=self.language or "auto",
                use_itn=True,
                provider="cpu",
            )

    def windows(self, media: MediaItem) -> Iterator[Window]:
        if self.language is not None and self.language not in LANGUAGES:
            raise SkipError(
                SkipCode.UNSUPPORTED,
                f"SenseVoice does not know the language `{self.language}`",
                hint=f'it knows {", ".join(LANGUAGES)}; take asr_backend="whisper" for others',
            )
        yield from super().windows(media)

    def transcribe(self, windows: Sequence[Window], runtime: Runtime) -> list[Mapping[str, Any]]:
        streams = []
        for window in windows:
            stream = self._net.create_stream()
            stream.accept_waveform(SAMPLE_RATE, window.inputs["waveform"])
            streams.append(stream)
        self._net.decode_streams(streams)
        return [
            {
                "segments": [whole_segment(stream.result.text.strip(), window)],
                "language": getattr(stream.result, "lang", "").strip("<|>") or None,
                "language_probability": None,
            }
            for stream, window in zip(streams, windows, strict=True)
        ]
