"""Voice activity: where in a waveform somebody speaks, and what follows from it for cutting.

The detector is Silero's, as shipped by faster-whisper. Waveforms are mono at 16 kHz. Whoever reads one clip shares what
was found in it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from avmeter.media import AudioSpec, MediaItem
from avmeter.telemetry import import_without_telemetry

SAMPLE_RATE = 16_000
"""Hz; the detector knows no other."""

# A pause worth cutting at; the detector's defaults see none below 2 s.
_PAUSE_MS, _PAUSE_PAD_MS = 200, 30
_SPEC = AudioSpec(sample_rate=SAMPLE_RATE)


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


def find_speech(
    media: MediaItem, start: int = 0, stop: int | None = None, *, pause_ms: int = 2000, pad_ms: int = 400
) -> npt.NDArray[np.int64]:
    """Find speech in a clip, once for all that ask alike: ranges (K, 2) in samples after `start`.

    Args:
        media: The clip.
        start: First sample of the stretch in question, at 16 kHz.
        stop: Its end; None is the clip's.
        pause_ms: As of `speech_ranges`.
        pad_ms: As of `speech_ranges`.
    """
    waveform = media.audio(_SPEC)
    end = len(waveform) if stop is None else min(stop, len(waveform))

    def find() -> npt.NDArray[np.int64]:
        piece = np.ascontiguousarray(waveform[start:end], dtype=np.float32)
        return speech_ranges(piece, pause_ms=pause_ms, pad_ms=pad_ms)

    return media.derived(("speech", start, end, pause_ms, pad_ms), find)


def split_at_pauses(
    media: MediaItem, max_samples: int | None, *, vad: bool
) -> Iterator[tuple[int, np.ndarray, npt.NDArray[np.int64]]]:
    """Cut the sound of a clip in pieces of at most `max_samples`, at the longest pause of each second half.

    Args:
        media: The clip.
        max_samples: Length of the longest piece at 16 kHz; None leaves the clip whole.
        vad: Look for speech; without it pieces are cut at `max_samples`.

    Yields:
        Start of the piece in samples, the piece (M,), and the ranges of speech in it (K, 2), all of it without `vad`.
    """
    waveform = media.audio(_SPEC)
    start = 0
    while start < len(waveform):
        end = len(waveform) if max_samples is None else min(start + max_samples, len(waveform))
        if vad and end < len(waveform):
            ranges = find_speech(media, start, end, pause_ms=_PAUSE_MS, pad_ms=_PAUSE_PAD_MS)
            end = start + _longest_late_pause(ranges, end - start)
        piece = np.ascontiguousarray(waveform[start:end], dtype=np.float32)
        yield start, piece, find_speech(media, start, end) if vad else np.array([[0, len(piece)]])
        start = end


def _longest_late_pause(spoken: npt.NDArray[np.int64], num_samples: int) -> int:
    """Return the middle of the longest pause in the second half of `num_samples`; the end where nobody pauses."""
    starts = [int(e) for e in spoken[:, 1]] if len(spoken) else [0]
    ends = [*(int(s) for s in spoken[1:, 0]), num_samples]
    pauses = [(end - start, (start + end) // 2) for start, end in zip(starts, ends, strict=True)]
    late = [p for p in pauses if p[0] > 0 and p[1] >= num_samples // 2]
    return max(late)[1] if late else num_samples
