"""What every speech recogniser does the same: how a clip is cut, what is transcribed, and the transcript's facts.

    clip --pauses--> pieces --voice activity--> spoken or not --recogniser--> segments --> one transcript

A voice activity detector (`avmeter.features.vad`) runs beside the recogniser: a piece in which nobody speaks is never
transcribed, so that silence and noise do not become invented sentences. The recogniser itself gets whole pieces, since
cutting pauses out changes what it understands.

Facts of a transcript, the same for every recogniser:

    text                     all of it
    segments                 [{start_s, end_s, text, no_speech_prob, avg_logprob, compression_ratio}];
                             None where the recogniser does not report it
    language                 Whisper's code of the first piece with speech, or None
    language_probability     of that, where it was detected
    speech_s                 seconds with voice activity, or None without the detector
    duration_s, long_form    length, and whether it is beyond one window of 30 s
"""

from __future__ import annotations

import abc
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features, Window
from avmeter.features.model_folder import ModelFolderExtractor
from avmeter.features.vad import SAMPLE_RATE, split_at_pauses
from avmeter.media import MediaItem
from avmeter.runtime import Runtime
from avmeter.text.language import parse_language
from avmeter.text.repetition import compression_ratio

WINDOW_S = 30.0
"""Seconds that Whisper and its relatives read at once."""

_NO_SPEECH: Mapping[str, Any] = {"segments": [], "language": None, "language_probability": None}


class SpeechRecogniser(ModelFolderExtractor):
    """Text of a clip, with the evidence for it.

    Args:
        model_name: Name of a model of the catalog, or a folder.
        language: Language hint, in any form `parse_language` takes; None detects it.
        vad: Transcribe only where the voice activity detector finds speech.
    """

    takes = "audio"
    needs_real_weights = True
    option_names: ClassVar[tuple[str, ...]] = ("model_name", "language", "vad")
    default_model: ClassVar[str]
    max_piece_s: ClassVar[float | None] = WINDOW_S
    only_language: str | None = None
    """Whisper's code of the one language that the loaded model knows; None where it knows several."""

    def __init__(self, *, model_name: str | None = None, language: str | None = None, vad: bool = True) -> None:
        self.model_name = self.default_model if model_name is None else str(model_name)
        super().__init__(self.model_name)
        parsed = parse_language(language)
        self.language = parsed.whisper if parsed else None
        self.vad = vad

    @abc.abstractmethod
    def transcribe(self, windows: Sequence[Window], runtime: Runtime) -> list[Mapping[str, Any]]:
        """Return `segments`, `language` and `language_probability` of each window; all of them have speech.

        Times of the segments count from the beginning of the window.
        """

    def decoding_state(self) -> Mapping[str, Any]:
        return {"only_language": self.only_language}

    def windows(self, media: MediaItem) -> Iterator[Window]:
        if self.language is not None and self.only_language not in (None, self.language):
            raise SkipError(
                SkipCode.UNSUPPORTED,
                f"{self.model_name} hears `{self.only_language}` in every sound, and this one is in `{self.language}`",
                hint="choose a model of several languages as model_name",
            )
        max_samples = round(self.max_piece_s * SAMPLE_RATE) if self.max_piece_s else None
        for start, piece, spoken in split_at_pauses(media, max_samples, vad=self.vad):
            yield Window(
                inputs={"waveform": piece, "spoken": spoken},
                start_s=start / SAMPLE_RATE,
                duration_s=len(piece) / SAMPLE_RATE,
            )

    def batch_key(self, window: Window) -> Hashable:
        """Return one key for all: recognisers pad to one shape themselves, and windows without speech cost nothing."""
        return None

    def run(self, windows: Sequence[Window], runtime: Runtime) -> list[dict[str, Any]]:
        with_speech = [w for w in windows if len(w.inputs["spoken"])]
        transcripts = iter(self.transcribe(with_speech, runtime) if with_speech else [])
        outputs = []
        for window in windows:
            spoken = window.inputs["spoken"]
            seconds = float((spoken[:, 1] - spoken[:, 0]).sum()) / SAMPLE_RATE
            outputs.append({**(next(transcripts) if len(spoken) else _NO_SPEECH), "speech_s": seconds})
        return outputs

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        segments = [
            {**segment, "start_s": round(segment["start_s"] + window.start_s, 3),
             "end_s": round(segment["end_s"] + window.start_s, 3)}
            for output, window in zip(outputs, windows, strict=True) for segment in output["segments"]
        ]  # fmt: skip
        # What a model of one language says of the language of a clip is no finding.
        assumed = self.only_language if segments and self.language is None else None
        named = () if assumed else outputs
        first = next((o for o in named if o["language"] is not None), _NO_SPEECH)
        duration_s = sum(w.duration_s for w in windows)
        return Features(
            facts={
                "text": " ".join(s["text"] for s in segments if s["text"]),
                "segments": segments,
                "language": first["language"],
                "language_probability": first["language_probability"],
                "assumed_language": assumed,
                "speech_s": sum(o["speech_s"] for o in outputs) if self.vad else None,
                "duration_s": duration_s,
                "long_form": duration_s > WINDOW_S,
            }
        )


def whole_segment(text: str, window: Window, **evidence: Any) -> dict[str, Any]:
    """Return the whole window as one segment; evidence that the recogniser does not report is None."""
    return {
        "start_s": 0.0,
        "end_s": window.duration_s,
        "text": text,
        "no_speech_prob": None,
        "avg_logprob": None,
        "compression_ratio": compression_ratio(text),
        **evidence,
    }
