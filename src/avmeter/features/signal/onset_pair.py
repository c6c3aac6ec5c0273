"""When sounds begin in a clip and in its reference, and how loud the clip is there.

Both are cut to what they share, from the first frame on, before anything is measured: the strength of onsets is
relative to the loudest of what is read.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from avmeter.dsp.onset import DELTA, SAMPLE_RATE, onset_times
from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.features.base import Features, PairExtractor
from avmeter.features.truncation import duration_mismatch
from avmeter.media import AudioSpec, MediaItem
from avmeter.registry import register_extractor

REACH = int(0.05 * SAMPLE_RATE)
"""Samples before and after an onset whose loudest is its confidence."""
SHORTEST = int(0.1 * SAMPLE_RATE)
"""Samples, 0.1 s: the tolerance of onsets, and about one frame of the spectra they are found in."""
_BLOCK_SAMPLES = 1 << 20


@register_extractor("onset_pair")
class OnsetPairExtractor(PairExtractor):
    """Arrays `generated_s` (N,) and `reference_s` (M,): seconds from the first frame (from the start of the track where
    there is no video); `confidence` (N,) and `level` (N,): |waveform| within 50 ms of a generated onset and at it, from
    0, its least, to 1, its largest.

    Facts `used_seconds`, `generated_duration_s`, `reference_duration_s`, and `header_mismatch` of a file cut off.

    Args:
        delta: How far the strength of an onset, 0 to 1, stands above the mean around it.
        duration_s: Read no more than so many seconds.

    Raises:
        UsageError: An option out of its range.
    """

    version = "2"
    takes = "audio"
    option_names = ("delta", "duration_s")

    def __init__(self, *, delta: float = DELTA, duration_s: float | None = None) -> None:
        if not 0 < delta < 1:
            raise UsageError(f"delta is {delta!r}", hint="between 0 and 1")
        if duration_s is not None and not duration_s > 0:
            raise UsageError(f"duration_s is {duration_s!r}", hint="seconds above 0, or none for all that there is")
        self.delta = delta
        self.duration_s = duration_s

    def compare(self, generated: MediaItem, reference: MediaItem) -> Features:
        """Find the onsets of a pair."""
        spec = AudioSpec(sample_rate=SAMPLE_RATE, clock="video")
        waveforms = [clip.audio(spec) for clip in (generated, reference)]
        lengths = [len(waveform) for waveform in waveforms]
        most = lengths if self.duration_s is None else [*lengths, int(self.duration_s * SAMPLE_RATE)]
        if not min(most):
            raise SkipError(SkipCode.EMPTY_AUDIO, f"{generated.name} and {reference.name}: no sound to compare")
        if min(most) < SHORTEST:
            raise SkipError(
                SkipCode.TOO_SHORT,
                f"{generated.name} and {reference.name}: {min(most) / SAMPLE_RATE:.3f} s to compare; onsets need "
                f"{SHORTEST / SAMPLE_RATE:.3f} s",
            )
        x, y = (_Beginning(waveform, min(most)) for waveform in waveforms)
        onsets = onset_times(x, delta=self.delta)
        confidence, level = _loudness(x, np.round(onsets * SAMPLE_RATE).astype(np.int64))
        return Features(
            arrays={
                "generated_s": onsets,
                "reference_s": onset_times(y, delta=self.delta),
                "confidence": confidence,
                "level": level,
            },
            facts={
                "used_seconds": min(most) / SAMPLE_RATE,
                "generated_duration_s": lengths[0] / SAMPLE_RATE,
                "reference_duration_s": lengths[1] / SAMPLE_RATE,
                **duration_mismatch(generated),
            },
        )


class _Beginning:
    """The first samples of a waveform, by slices."""

    def __init__(self, waveform: Any, num_samples: int) -> None:
        self._waveform = waveform
        self._num_samples = num_samples

    def __len__(self) -> int:
        return self._num_samples

    def __getitem__(self, part: slice) -> np.ndarray:
        start, stop, _ = part.indices(self._num_samples)
        found: np.ndarray = self._waveform[start:stop]
        return found


def _loudness(waveform: _Beginning, onsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest |x| around onsets, and |x| at them, (N,) each; see `OnsetPairExtractor`."""
    least, largest = np.inf, 0.0
    for start in range(0, len(waveform), _BLOCK_SAMPLES):
        block = np.abs(waveform[start : start + _BLOCK_SAMPLES])
        least, largest = min(least, float(block.min())), max(largest, float(block.max()))
    around = np.array([np.abs(waveform[max(0, o - REACH) : o + REACH]).max() for o in onsets.tolist()], np.float64)
    at = np.array([abs(waveform[o : o + 1][0]) for o in onsets.tolist()], np.float64)
    span = largest - least if len(onsets) else 1.0  # where there is an onset, something is louder than something else
    return (around - least) / span, (at - least) / span
