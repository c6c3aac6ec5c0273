"""What every speech recogniser here does the same: where its model is, what is heard, and the transcript's facts.

    clip --pauses--> pieces --voice activity--> spoken or not --recogniser--> segments --> one transcript

A voice activity detector (Silero, as shipped by faster-whisper) runs beside the recogniser: a piece in which nobody
speaks is never transcribed, so that silence and noise do not become invented sentences. The recogniser itself hears
whole pieces, for cutting pauses out changes what it understands.

Facts of a transcript, the same for every recogniser:

    text                     all of it
    segments                 [{start_s, end_s, text, no_speech_prob, avg_logprob, compression_ratio}]; None = not told
    language                 Whisper's code of the first piece with speech, or None
    language_probability     of that, where it was detected
    speech_s                 seconds with voice activity, or None without the detector
    duration_s, long_form    length, and whether it is beyond one window of 30 s
"""

from __future__ import annotations

import abc
import hashlib
from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from avmeter.features.base import Features, Window, WindowExtractor
from avmeter.media import AudioSpec, MediaItem
from avmeter.runtime import Runtime
from avmeter.text.language import parse_language
from avmeter.text.repetition import compression_ratio

SAMPLE_RATE = 16_000
WINDOW_S = 30.0
"""What Whisper and its relatives hear at once."""

_NOTHING: Mapping[str, Any] = {"segments": [], "language": None, "language_probability": None}
# A pause worth cutting at; the detector's defaults see none below 2 s.
_PAUSE_MS, _PAUSE_PAD_MS = 200, 30


class SpeechRecogniser(WindowExtractor):
    """Text of a clip, with the evidence for it.

    Args:
        model_name: Name of a model of the catalog, or a folder.
        language: Language hint, in any form `parse_language` takes; None detects it.
        vad: Transcribe only where the voice activity detector hears speech.
    """

    takes = "audio"
    default_model: ClassVar[str]
    max_piece_s: ClassVar[float | None] = WINDOW_S

    def __init__(self, *, model_name: str | None = None, language: str | None = None, vad: bool = True) -> None:
        self.model_name = model_name or self.default_model
        parsed = parse_language(language)
        self.language = parsed.whisper if parsed else None
        self.vad = vad
        self._model: Any = None

    def options(self) -> Mapping[str, Any]:
        return {"model_name": self.model_name, "language": self.language, "vad": self.vad}

    @abc.abstractmethod
    def entry(self) -> str:
        """Catalog name of the model, where `model_name` is no folder."""

    @abc.abstractmethod
    def transcribe(self, windows: Sequence[Window], runtime: Runtime) -> list[Mapping[str, Any]]:
        """`segments`, `language` and `language_probability` of each window; all of them have speech.

        Times of the segments count from the beginning of the window.
        """

    def weights(self) -> tuple[str, ...]:
        return () if Path(self.model_name).is_dir() else (self.entry(),)

    def fingerprint(self, runtime: Runtime) -> str:
        """As every extractor's; a folder enters with the names, sizes and dates of its files."""
        known = super().fingerprint(runtime)
        return known if self.weights() else folder_fingerprint(known, Path(self.model_name), runtime)

    def folder(self, runtime: Runtime) -> Path:
        """The folder with the model.

        Raises:
            WeightsError: It is not on this machine and cannot be fetched.
        """
        return Path(self.model_name) if Path(self.model_name).is_dir() else runtime.weights.folder(self.entry())

    def unload(self) -> None:
        self._model = None

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = media.audio(AudioSpec(sample_rate=SAMPLE_RATE))
        limit = round(self.max_piece_s * SAMPLE_RATE) if self.max_piece_s else len(waveform)
        for start, piece, spoken in pieces(waveform, limit, vad=self.vad):
            yield Window(
                inputs={"waveform": piece, "spoken": spoken},
                start_s=start / SAMPLE_RATE,
                duration_s=len(piece) / SAMPLE_RATE,
            )

    def batch_key(self, window: Window) -> Hashable:
        """Recognisers pad to one shape themselves; windows without speech cost nothing and go with the others."""
        return None

    def run(self, windows: Sequence[Window], runtime: Runtime) -> list[dict[str, Any]]:
        heard = [w for w in windows if len(w.inputs["spoken"])]
        found = iter(self.transcribe(heard, runtime) if heard else [])
        outputs = []
        for window in windows:
            spoken = window.inputs["spoken"]
            seconds = float((spoken[:, 1] - spoken[:, 0]).sum()) / SAMPLE_RATE
            outputs.append({**(next(found) if len(spoken) else _NOTHING), "speech_s": seconds})
        return outputs

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        segments = [
            {**segment, "start_s": round(segment["start_s"] + place.start_s, 3),
             "end_s": round(segment["end_s"] + place.start_s, 3)}
            for output, place in zip(outputs, windows, strict=True) for segment in output["segments"]
        ]  # fmt: skip
        first = next((o for o in outputs if o["language"] is not None), _NOTHING)
        duration_s = sum(w.duration_s for w in windows)
        return Features(
            facts={
                "text": " ".join(s["text"] for s in segments if s["text"]),
                "segments": segments,
                "language": first["language"],
                "language_probability": first["language_probability"],
                "speech_s": sum(o["speech_s"] for o in outputs) if self.vad else None,
                "duration_s": duration_s,
                "long_form": duration_s > WINDOW_S,
            }
        )


def folder_fingerprint(known: str, folder: Path, runtime: Runtime) -> str:
    """A fingerprint with the names, sizes and dates of a folder's files and the precision in it."""
    states = [(f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in sorted(folder.iterdir()) if f.is_file()]
    return hashlib.sha256(f"{known} {states} {runtime.precision}".encode()).hexdigest()[:32]


def segment(text: str, window: Window, **evidence: Any) -> dict[str, Any]:
    """The whole window as one segment; evidence that the recogniser does not give is None."""
    return {
        "start_s": 0.0,
        "end_s": window.duration_s,
        "text": text,
        "no_speech_prob": None,
        "avg_logprob": None,
        "compression_ratio": compression_ratio(text),
        **evidence,
    }


def pieces(waveform: Any, limit: int, *, vad: bool) -> Iterator[tuple[int, np.ndarray, npt.NDArray[np.int64]]]:
    """Cut a waveform (N,) at 16 kHz in pieces of at most `limit` points, at the longest pause of each second half.

    Yields:
        Where the piece begins, its points, and the spoken ranges in it (K, 2), all of it without `vad`. Without
        `vad` cuts fall where they fall.
    """
    start = 0
    while start < len(waveform):
        piece = np.ascontiguousarray(waveform[start : start + limit], dtype=np.float32)
        if vad and start + len(piece) < len(waveform):
            piece = piece[: _pause(speech_ranges(piece, pause_ms=_PAUSE_MS, pad_ms=_PAUSE_PAD_MS), len(piece))]
        spoken = speech_ranges(piece) if vad else np.array([[0, len(piece)]])
        yield start, piece, spoken
        start += len(piece)


def speech_ranges(waveform: np.ndarray, *, pause_ms: int = 2000, pad_ms: int = 400) -> npt.NDArray[np.int64]:
    """Where a waveform (N,) at 16 kHz has speech, (K, 2) half-open ranges in points; the defaults are Silero's.

    Args:
        waveform: float32 in [-1, 1].
        pause_ms: Silence below this does not divide speech.
        pad_ms: Added on both sides of what was found.
    """
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(min_silence_duration_ms=pause_ms, speech_pad_ms=pad_ms)
    found = get_speech_timestamps(waveform, options)
    return np.array([(s["start"], s["end"]) for s in found], dtype=np.int64).reshape(-1, 2)


def voiced(waveform: np.ndarray, *, pause_ms: int, pad_ms: int) -> np.ndarray:
    """A waveform (N,) at 16 kHz without what the detector holds for no speech; empty where nobody speaks."""
    kept = [waveform[start:end] for start, end in speech_ranges(waveform, pause_ms=pause_ms, pad_ms=pad_ms)]
    return np.concatenate(kept) if kept else waveform[:0]


def _pause(spoken: npt.NDArray[np.int64], length: int) -> int:
    """Middle of the longest pause in the second half of `length` points; `length` where nobody pauses."""
    starts = [int(e) for e in spoken[:, 1]] if len(spoken) else [0]
    ends = [*(int(s) for s in spoken[1:, 0]), length]
    pauses = [(end - start, (start + end) // 2) for start, end in zip(starts, ends, strict=True)]
    late = [p for p in pauses if p[0] > 0 and p[1] >= length // 2]
    return max(late)[1] if late else length
