"""Transcripts by GLM-ASR: a Whisper encoder in front of a language model that is prompted for the text.

    audio --log-mel, 30 s windows--> encoder --> projector --> tokens in place of <|pad|> in the prompt --> text

Source: `zai-org/GLM-ASR-Nano-2512` through transformers' own `GlmAsrForConditionalGeneration`. Greedy. The prompt is
the processor's request for a transcript with the instruction as its text; it knows of no language hint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from avmeter.features.base import Window
from avmeter.features.model_folder import load_pretrained, reading_model
from avmeter.features.speech.base import SpeechRecogniser, whole_segment
from avmeter.features.vad import SAMPLE_RATE
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime
from avmeter.telemetry import import_without_telemetry

_MAX_NEW_TOKENS = 500
"""As the model's card does; of a piece of at most five minutes."""

# As `zai-org/GLM-ASR` writes it.
_PROMPT = "<|user|>\n<|begin_of_audio|>{audio}<|end_of_audio|>\n{instruction}\n<|assistant|>\n"


class _GlmAsrModel(NamedTuple):
    """What turns waveforms and instruction into tokens, and the network."""

    processor: Any
    model: Any


@register_extractor("glm_asr")
class GlmAsr(SpeechRecogniser):
    """Text of a clip; see `SpeechRecogniser`.

    Args:
        model_name: Hub name, name in the catalog, or folder of the native layout of transformers (5.0 and later).
        vad: Transcribe only where the voice activity detector finds speech.
        instruction: What the model is asked to do; None is the processor's own request.
    """

    dependencies = ("transformers", "faster_whisper")
    extra = "glm-asr"
    option_names = ("model_name", "vad", "instruction")
    default_model = "glm-asr-nano"
    family = "glm-asr-"
    batch_size = 8
    # The processor reads the first 655 s of a clip and drops the rest.
    max_piece_s = 300.0

    def __init__(self, *, model_name: str | None = None, vad: bool = True, instruction: str | None = None) -> None:
        super().__init__(model_name=model_name, vad=vad)
        self.instruction = instruction

    def entry(self) -> str:
        return {"zai-org/GLM-ASR-Nano-2512": "glm-asr-nano"}.get(self.model_name, self.model_name)

    def build_network(self, runtime: Runtime) -> _GlmAsrModel:
        transformers = import_without_telemetry("transformers")
        folder = self.model_folder(runtime)
        with reading_model(folder, "a GLM-ASR of transformers, of a revision after 27 December 2025"):
            # Without the last option it would ask on the terminal whether to run what lies in the folder.
            processor = transformers.AutoProcessor.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
            model = load_pretrained(
                transformers.GlmAsrForConditionalGeneration, folder, dtype=runtime.half_dtype or torch.float32
            )
        return _GlmAsrModel(processor, model.to(runtime.device).eval().requires_grad_(False))

    def transcribe(self, windows: Sequence[Window], runtime: Runtime) -> list[Mapping[str, Any]]:
        processor, model = self._net
        request = self._request(processor, [w.inputs["waveform"] for w in windows]).to(model.device, dtype=model.dtype)
        with torch.autocast(model.device.type, enabled=False):
            tokens = model.generate(**request, do_sample=False, num_beams=1, max_new_tokens=_MAX_NEW_TOKENS)
        answers = tokens[:, request["input_ids"].shape[1] :]
        texts = processor.batch_decode(answers, skip_special_tokens=True)
        return [
            {"segments": [whole_segment(text.strip(), window)], "language": None, "language_probability": None}
            for text, window in zip(texts, windows, strict=True)
        ]

    def _request(self, processor: Any, waveforms: Sequence[np.ndarray]) -> Any:
        """Build the model's inputs: the request as the processor's template writes it, or as its authors do."""
        if processor.chat_template is not None:
            return processor.apply_transcription_request(list(waveforms), prompt=self.instruction)
        instruction = self.instruction or processor.default_transcription_prompt
        prompt = _PROMPT.format(audio=processor.audio_token, instruction=instruction)
        return processor(text=[prompt] * len(waveforms), audio=list(waveforms), sampling_rate=SAMPLE_RATE)
