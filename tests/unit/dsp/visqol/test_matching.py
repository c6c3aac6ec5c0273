"""Where patches of a reference are found."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.dsp.visqol.gammatone import FilterBank
from avmeter.dsp.visqol.matching import match_patches, realign
from golden.degraded import synthetic

BANK = FilterBank(sample_rate=16_000, num_bands=8, highest_hz=8_000.0)
FRAMES = np.random.default_rng(1).uniform(0, 45, (8, 200))
STARTS = [9, 39, 69, 99]


def found_at(generated: np.ndarray) -> list[int]:
    matches = match_patches(FRAMES, generated, STARTS, patch_length=30, bank=BANK)
    return [round(match.generated_start_s / BANK.hop_s) for match in matches]


def test_patches_are_found_where_they_went() -> None:
    """In place, moved by what was inserted, and each with itself."""
    assert found_at(FRAMES) == STARTS
    inserted = np.concatenate([FRAMES[:, :60], FRAMES[:, 150:157], FRAMES[:, 60:]], axis=1)
    assert found_at(inserted)[2:] == [76, 106]
    matches = match_patches(FRAMES, FRAMES, STARTS, patch_length=30, bank=BANK)
    assert [match.similarity for match in matches] == pytest.approx([1] * 4)
    assert [match.start_s for match in matches] == pytest.approx([start * 0.02 for start in STARTS])


def test_places_ascend_and_a_patch_that_has_none_is_lost() -> None:
    """Exchanged halves cannot both be found in order; patches beyond the end are left out."""
    halves = np.concatenate([FRAMES[:, 69:129], FRAMES[:, 9:69]], axis=1)
    matches = match_patches(FRAMES, halves, STARTS, patch_length=30, bank=BANK)
    places = [match.generated_start_s for match in matches if not match.is_lost]
    assert places == sorted(places)
    assert all(match.similarity == 0 for match in matches if match.is_lost)
    assert len(match_patches(FRAMES, FRAMES[:, :60], STARTS, patch_length=30, bank=BANK)) == 3
    assert match_patches(FRAMES, FRAMES, [], patch_length=30, bank=BANK) == []


def test_delay_of_less_than_a_frame_is_found_by_the_waveforms() -> None:
    """The better similarity counts, and where it begins."""
    sound = synthetic(16_000)
    late = np.concatenate([np.zeros(100), sound])[: len(sound)]
    levels = [10 * np.log10(np.maximum(BANK.spectrogram(side), 1e-4)) + 40 for side in (sound, late)]
    (match, *_) = match_patches(*levels, [29], patch_length=30, bank=BANK)
    better = realign(match, sound, late, BANK)
    assert match.similarity < better.similarity
    assert better.similarity > 0.99
