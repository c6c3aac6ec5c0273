"""Transcripts by Whisper through transformers: windows of all clips share batches, which is what makes a GPU fast.

    window --log-mel (F, 3000)--> encoder --> one step of the decoder: language, no-speech probability
                                          --> greedy decoding after <|startoftranscript|><|en|><|transcribe|>

Source: Radford et al. (2022); `decoding.py` of openai/whisper for the prompt and the suppressed tokens. Clips longer
than 30 s are cut at pauses, so the text is near that of Whisper's own sliding window, not equal to it: compare scores
of one engine.

Whisper was trained with and without timestamps in its text. With them it recognises more: without, Whisper base leaves
out short sentences at the edges of a clip. FastVideo's harness decodes without, and reads the first 30 s only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avmeter.features.base import Window
from avmeter.features.model_folder import load_pretrained, reading_model, require_files
from avmeter.features.speech.base import SpeechRecogniser, whole_segment
from avmeter.features.speech.whisper import size_of
from avmeter.features.vad import SAMPLE_RATE
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime
from avmeter.telemetry import import_without_telemetry

_LATEST_START = 50
"""The first timestamp is at most 1 s, in steps of 20 ms (`max_initial_timestamp` of openai/whisper)."""


@register_extractor("whisper_transformers")
class WhisperTransformers(SpeechRecogniser):
    """Text of a clip; see `SpeechRecogniser`.

    Args:
        model_name: Size ("base", "large-v3"), hub name ("openai/whisper-base"), or folder of a transformers model
            with its `tokenizer.json`.
        language: Language hint; None detects it, for each window.
        vad: Transcribe only where the voice activity detector finds speech.
        timestamps: Decode timestamps as well, as openai/whisper does; they are not part of the text.
    """

    version = "2"
    dependencies = ("transformers", "faster_whisper")
    extra = "speech"
    option_names = ("model_name", "language", "vad", "timestamps")
    default_model = "base"
    family = "whisper-"
    optional_prefix = "whisper-"

    def __init__(
        self, *, model_name: str | None = None, language: str | None = None, vad: bool = True, timestamps: bool = True
    ) -> None:
        super().__init__(model_name=model_name, language=language, vad=vad)
        self.timestamps = timestamps

    def entry(self) -> str:
        return f"whisper-{size_of(self.model_name)}"

    def load(self, runtime: Runtime) -> None:
        super().load(runtime)
        self.only_language = None if self._net.is_multilingual else "en"

    def build_network(self, runtime: Runtime) -> GreedyWhisper:
        return GreedyWhisper.load(self.model_folder(runtime), runtime)

    def transcribe(self, windows: Sequence[Window], runtime: Runtime) -> list[Mapping[str, Any]]:
        model: GreedyWhisper = self._net
        return model.transcribe(windows, self.language, timestamps=self.timestamps)


class GreedyWhisper:
    """A Whisper of transformers, its log-mel front end, and its tokens.

    Args:
        model: `WhisperForConditionalGeneration`, on its device.
        tokenizer: `tokenizers.Tokenizer` of the model.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        transformers = import_without_telemetry("transformers")
        self._model = model
        self._tokenizer = tokenizer
        self._mel = transformers.WhisperFeatureExtractor(feature_size=model.config.num_mel_bins)
        tokens = tokenizer.get_vocab(with_added_tokens=True)
        self._start, self._end = tokens["<|startoftranscript|>"], tokens["<|endoftext|>"]
        self._task = [tokens["<|transcribe|>"], tokens["<|notimestamps|>"]]
        # Models for English alone have the language tokens too, but never learned them.
        self.is_multilingual = getattr(model.generation_config, "is_multilingual", model.config.vocab_size >= 51865)
        self._languages = _language_tokens(tokens, self._start, tokens["<|translate|>"]) if self.is_multilingual else {}
        self._no_speech = tokens.get("<|nospeech|>", tokens.get("<|nocaptions|>"))

    @classmethod
    def load(cls, folder: Path, runtime: Runtime) -> GreedyWhisper:
        """Load the model of a folder to the device, in the run's precision."""
        from tokenizers import Tokenizer

        transformers = import_without_telemetry("transformers")
        kind = "a Whisper of transformers"
        require_files(folder, ("tokenizer.json",), kind)
        with reading_model(folder, kind):
            model = load_pretrained(
                transformers.WhisperForConditionalGeneration, folder, dtype=runtime.half_dtype or torch.float32
            )
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            recogniser = cls(model.eval().requires_grad_(False), tokenizer)
        model.to(runtime.device)
        return recogniser

    def transcribe(
        self, windows: Sequence[Window], language: str | None, *, timestamps: bool
    ) -> list[Mapping[str, Any]]:
        """Return one segment per window, with its language."""
        encoded = self._encode([w.inputs["waveform"] for w in windows])
        languages, probabilities, no_speech = self._first_step(encoded, language)
        texts, log_probs = self._decode(encoded, languages, timestamps)
        transcripts: list[Mapping[str, Any]] = []
        for row, window in enumerate(windows):
            evidence = {"no_speech_prob": no_speech[row], "avg_logprob": log_probs[row]}
            transcripts.append(
                {
                    "segments": [whole_segment(texts[row], window, **evidence)],
                    "language": languages[row],
                    "language_probability": probabilities[row],
                }
            )
        return transcripts

    def _encode(self, waveforms: Sequence[np.ndarray]) -> Any:
        outputs = import_without_telemetry("transformers.modeling_outputs")
        mels = self._mel(list(waveforms), sampling_rate=SAMPLE_RATE, return_tensors="pt").input_features
        with torch.autocast(self._model.device.type, enabled=False):
            states = self._model.get_encoder()(mels.to(self._model.device, self._model.dtype)).last_hidden_state
        return outputs.BaseModelOutput(last_hidden_state=states)

    def _first_step(
        self, encoded: Any, language: str | None
    ) -> tuple[list[str | None], list[float | None], list[float | None]]:
        """Return language, its probability, and probability that nobody speaks, of each window."""
        num_windows = len(encoded.last_hidden_state)
        start = torch.full((num_windows, 1), self._start, device=self._model.device)
        with torch.autocast(self._model.device.type, enabled=False):
            logits = self._model(decoder_input_ids=start, encoder_outputs=encoded).logits[:, -1].float()
        silent: list[float | None] = [None] * num_windows
        if self._no_speech is not None:
            silent = logits.softmax(-1)[:, self._no_speech].tolist()
        if not self._languages:
            return ["en"] * num_windows, [None] * num_windows, silent
        if language in self._languages:
            return [language] * num_windows, [None] * num_windows, silent
        names = list(self._languages)
        likeliest = logits[:, list(self._languages.values())].softmax(-1).max(-1)
        return [names[i] for i in likeliest.indices.tolist()], likeliest.values.tolist(), silent

    def _decode(self, encoded: Any, languages: Sequence[str | None], timestamps: bool) -> tuple[list[str], list[float]]:
        transformers = import_without_telemetry("transformers")
        model, end = self._model, self._end
        prompts = [self._prompt(language, timestamps) for language in languages]
        config, record = self._config(len(prompts[0])), _LogProbabilities()
        rules = (
            [transformers.WhisperTimeStampLogitsProcessor(config, begin_index=len(prompts[0]))] if timestamps else []
        )
        with torch.autocast(model.device.type, enabled=False):
            # Whisper's own `generate` adds sampling at higher temperatures, and asks for the language once more.
            tokens = transformers.GenerationMixin.generate(
                model,
                encoder_outputs=encoded,
                attention_mask=torch.ones(encoded.last_hidden_state.shape[:2], device=model.device),
                decoder_input_ids=torch.tensor(prompts, device=model.device),
                generation_config=config,
                logits_processor=transformers.LogitsProcessorList([*rules, record]),
            )
        texts, means = [], []
        steps = torch.stack(record.steps, dim=1).cpu()
        for row, ids in enumerate(tokens[:, len(prompts[0]) :].tolist()):
            length = ids.index(end) if end in ids else len(ids)
            texts.append(self._tokenizer.decode([i for i in ids[:length] if i < end]).strip())
            # The end counts as a token, as in openai/whisper.
            means.append(float(steps[row, : length + 1].mean()))
        return texts, means

    def _config(self, prompt_length: int) -> Any:
        transformers = import_without_telemetry("transformers")
        published = self._model.generation_config
        return transformers.GenerationConfig(
            # All the room there is: unlike openai/whisper, this never returns to what is left of a window.
            max_new_tokens=self._model.config.max_target_positions - prompt_length,
            do_sample=False,
            num_beams=1,
            eos_token_id=self._end,
            pad_token_id=self._end,
            bos_token_id=self._end,
            decoder_start_token_id=self._start,
            suppress_tokens=getattr(published, "suppress_tokens", None),
            begin_suppress_tokens=getattr(published, "begin_suppress_tokens", None),
            no_timestamps_token_id=self._task[1],
            max_initial_timestamp_index=_LATEST_START,
        )

    def _prompt(self, language: str | None, timestamps: bool) -> list[int]:
        known = language is not None and bool(self._languages)
        spoken = [self._languages[str(language)], self._task[0]] if known else []
        return [self._start, *spoken, *([] if timestamps else self._task[1:])]


class _LogProbabilities:
    """Records the log-probability of the token that greedy decoding chooses at each step."""

    def __init__(self) -> None:
        self.steps: list[Tensor] = []

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        self.steps.append(scores.float().log_softmax(-1).amax(-1))
        return scores


def _language_tokens(tokens: Mapping[str, int], above: int, below: int) -> dict[str, int]:
    inner = ((token, number) for token, number in tokens.items() if above < number < below)
    return {token[2:-2]: number for token, number in sorted(inner, key=lambda pair: pair[1])}
