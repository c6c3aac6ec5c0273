"""What speaker encoders do around their networks: leave only speech, cut what is long, average what is embedded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features, Window
from avmeter.features.vad import SAMPLE_RATE, extract_speech, find_speech
from avmeter.media import AudioSpec, MediaItem

MIN_SPEECH = SAMPLE_RATE // 2  # samples in half a second

# The published detector does not cut pauses of up to 180 ms.
_PAUSE_MS, _PAD_MS = 180, 90


def speech_of_speaker(waveform: np.ndarray) -> np.ndarray:
    """Join the speech of a waveform (N,) at 16 kHz, short pauses included; empty where nobody speaks."""
    return extract_speech(waveform, pause_ms=_PAUSE_MS, pad_ms=_PAD_MS)


def speech_of_clip(media: MediaItem) -> np.ndarray:
    """Join the speech of a clip, (N,) float32 at 16 kHz, as `speech_of_speaker` does; looked for once per clip."""
    waveform = media.audio(AudioSpec(sample_rate=SAMPLE_RATE))
    pieces = [np.asarray(waveform[start:end], np.float32) for start, end in _ranges(media)]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


def length_of_speech(media: MediaItem) -> int:
    """Return how many samples `speech_of_clip` has."""
    return int(np.diff(_ranges(media)).sum())


def _ranges(media: MediaItem) -> npt.NDArray[np.int64]:
    return find_speech(media, pause_ms=_PAUSE_MS, pad_ms=_PAD_MS)


def require_speech(num_samples: int) -> None:
    """Refuse a clip with less speech than a voice is known by.

    Raises:
        SkipError: `no_speech`.
    """
    if num_samples < MIN_SPEECH:
        raise SkipError(
            SkipCode.NO_SPEECH,
            f"{num_samples / SAMPLE_RATE:.2f} s of speech; a voice needs {MIN_SPEECH / SAMPLE_RATE:g} s",
        )


def mean_voice(outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], **facts: Any) -> Features:
    """Average embeddings of unit length by duration; the mean has unit length too."""
    units = np.stack([o["embedding"] / np.linalg.norm(o["embedding"]) for o in outputs])
    mean = np.array([w.duration_s for w in windows]) @ units
    return Features(
        arrays={"embedding": (mean / np.linalg.norm(mean)).astype(np.float32)},
        facts={**facts, "num_windows": len(windows)},
    )
