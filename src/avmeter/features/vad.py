"""Voice activity: where in a waveform somebody speaks, and what follows from it for cutting.

The detector is Silero's, as shipped by faster-whisper. Waveforms are mono at 16 kHz.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.telemetry import import_without_telemetry

SAMPLE_RATE = 16_000
"""Hz; the detector knows no other."""

# A pause worth cutting at; the detector's defaults see none below 2 s.
_PAUSE_MS, _PAUSE_PAD_MS = 200, 30


def speech_ranges(waveform: np.ndarray, *, pause_ms: int = 2000, pad_ms: int = 400) -> npt.NDArray[np.int64]:
    """Find speech in a waveform (N,): half-open ranges (K, 2) in samples. The defaults are Silero's.

    Args:
        waveform: float32 in [-1, 1].
        pause_ms: Silence below this does not divide speech.
        pad_ms: Added on both sides of every range.
    """
    detector = import_without_telemetry("faster_whisper.vad")
    options = detector.VadOptions(min_silence_duration_ms=pause_ms, speech_pad_ms=pad_ms)
    ranges = detector.get_speech_timestamps(waveform, options)
    return np.array([(r["start"], r["end"]) for r in ranges], dtype=np.int64).reshape(-1, 2)


def extract_speech(waveform: np.ndarray, *, pause_ms: int, pad_ms: int) -> np.ndarray:
    """Join the speech of a waveform (N,); empty where nobody speaks. Arguments as of `speech_ranges`."""
    ranges = speech_ranges(waveform, pause_ms=pause_ms, pad_ms=pad_ms)
    return np.concatenate([waveform[start:end] for start, end in ranges]) if len(ranges) else waveform[:0]


def split_at_pauses(
    waveform: Any, max_samples: int, *, vad: bool
) -> Iterator[tuple[int, np.ndarray, npt.NDArray[np.int64]]]:
    """Cut a waveform (N,) in pieces of at most `max_samples`, at the longest pause of each second half.

    Args:
        waveform: An array, or anything that gives arrays for slices.
        max_samples: Length of the longest piece.
        vad: Look for speech; without it pieces are cut at `max_samples`.

    Yields:
        Start of the piece in samples, the piece (M,), and the ranges of speech in it (K, 2), all of it without `vad`.
    """
    start = 0
    while start < len(waveform):
        piece = np.ascontiguousarray(waveform[start : start + max_samples], dtype=np.float32)
        if vad and start + len(piece) < len(waveform):
            ranges = speech_ranges(piece, pause_ms=_PAUSE_MS, pad_ms=_PAUSE_PAD_MS)
            piece = piece[: _longest_late_pause(ranges, len(piece))]
        spoken = speech_ranges(piece) if vad else np.array([[0, len(piece)]])
        yield start, piece, spoken
        start += len(piece)


def _longest_late_pause(spoken: npt.NDArray[np.int64], num_samples: int) -> int:
    """Return the middle of the longest pause in the second half of `num_samples`; the end where nobody pauses."""
    starts = [int(e) for e in spoken[:, 1]] if len(spoken) else [0]
    ends = [*(int(s) for s in spoken[1:, 0]), num_samples]
    pauses = [(end - start, (start + end) // 2) for start, end in zip(starts, ends, strict=True)]
    late = [p for p in pauses if p[0] > 0 and p[1] >= num_samples // 2]
    return max(late)[1] if late else num_samples
