"""Two waveforms to the similarity of each band, in the modes of ViSQOL: sound of any kind, or speech."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from avmeter.dsp.visqol.alignment import best_lag, shifted
from avmeter.dsp.visqol.gammatone import FilterBank, FloatArray, in_decibels
from avmeter.dsp.visqol.matching import Match, match_patches, realign
from avmeter.dsp.visqol.patches import even_patches, spoken_patches


@dataclass(frozen=True, kw_only=True)
class Mode:
    """What differs between sound and speech.

    Attributes:
        sample_rate: Hz.
        num_bands: Of the spectrogram.
        highest_hz: Of its range.
        patch_length: Frames of 20 ms.
        is_speech: Only patches in which somebody speaks are compared.
    """

    sample_rate: int
    num_bands: int
    highest_hz: float
    patch_length: int
    is_speech: bool

    @property
    def bank(self) -> FilterBank:
        """Filters of the spectrogram."""
        return FilterBank(sample_rate=self.sample_rate, num_bands=self.num_bands, highest_hz=self.highest_hz)


AUDIO = Mode(sample_rate=48_000, num_bands=32, highest_hz=24_000.0, patch_length=30, is_speech=False)
SPEECH = Mode(sample_rate=16_000, num_bands=21, highest_hz=8_000.0, patch_length=20, is_speech=True)


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """How alike two waveforms are.

    Attributes:
        bands: Mean similarity of each band, (bands,): `fvnsim` of ViSQOL.
        matches: The patches.
        lag_s: By how much the generated waveform was moved later as a whole.
    """

    bands: FloatArray
    matches: Sequence[Match]
    lag_s: float


def compare(reference: FloatArray, generated: FloatArray, mode: Mode) -> Likeness | None:
    """Return how alike two waveforms are; None where the reference has no patch to compare.

    Args:
        reference: (N,) float64 at the mode's rate, not silent, longer than a frame.
        generated: (M,), likewise.
        mode: `AUDIO` or `SPEECH`.
    """
    bank = mode.bank
    lag = best_lag(reference, generated)
    generated = shifted(generated, lag)
    level = float(np.square(generated).mean()) if len(generated) > bank.frame_length else 0.0
    if not level:  # all of it was before the reference begins
        return None
    generated = generated * math.sqrt(np.square(reference).mean() / level)
    spectrograms = in_decibels(bank.spectrogram(reference), bank.spectrogram(generated))
    num_frames = spectrograms[0].shape[1]
    if mode.is_speech:
        starts = spoken_patches(reference, bank, num_frames, mode.patch_length)
    else:
        starts = even_patches(num_frames, mode.patch_length)
    matches = match_patches(*spectrograms, starts, patch_length=mode.patch_length, bank=bank)
    if not matches:
        return None
    matches = [realign(match, reference, generated, bank) for match in matches]
    bands = np.mean([match.band_means for match in matches], axis=0)
    return Likeness(bands=bands, matches=matches, lag_s=lag / mode.sample_rate)
