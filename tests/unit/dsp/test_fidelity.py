"""Errors of waveforms."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.dsp import fidelity
from avmeter.dsp.fidelity import FEWEST_SAMPLES, LSD_RESOLUTION, MOST_DB, compare_waveforms
from golden import synth

SOUND = synth.chirp_noise(16_000, 1, seed=4)[None]


def test_equal_sound_has_no_error_and_as_many_decibels_as_there_are() -> None:
    """A finite number where the ratio is not."""
    found = compare_waveforms(SOUND, SOUND)
    perfect = {"snr_db": MOST_DB, "si_sdr_db": MOST_DB, "cosine": 1.0}
    assert found == pytest.approx(dict.fromkeys(found, 0.0) | perfect)


def test_half_the_level_is_six_decibels_and_nothing_to_what_forgives_levels() -> None:
    """Also of every bin of the spectrum."""
    found = compare_waveforms(SOUND / 2, SOUND)
    assert found["snr_db"] == pytest.approx(6.0206, abs=1e-3)
    assert found["relative_l2"] == pytest.approx(0.5)
    assert found["log_spectral_distance_db"] == pytest.approx(6.0206, abs=0.05)
    assert found["si_sdr_db"] > 100
    assert found["cosine"] == pytest.approx(1)


def test_silence_has_no_direction() -> None:
    """All of the reference is the error."""
    found = compare_waveforms(np.zeros_like(SOUND), SOUND)
    assert (found["snr_db"], found["relative_l2"]) == (0.0, 1.0)
    assert found["si_sdr_db"] is found["cosine"] is None


def test_opposite_sound_and_unrelated_sound_are_bounded() -> None:
    """SI-SDR forgives a sign; what has nothing of the reference ends at the bound."""
    assert compare_waveforms(-SOUND, SOUND)["cosine"] == pytest.approx(-1)
    odd, even = np.zeros_like(SOUND), np.zeros_like(SOUND)
    odd[:, 1::2], even[:, ::2] = 0.5, 0.5
    assert compare_waveforms(odd, even)["si_sdr_db"] == -MOST_DB


@pytest.mark.parametrize("num_samples", [FEWEST_SAMPLES, 4 * LSD_RESOLUTION.hop_length, 5000])
def test_blocks_change_no_number(num_samples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Down to a frame at a time, where a frame reaches over both ends."""
    x, y = SOUND[:, 3000 : 3000 + num_samples] * 0.9, SOUND[:, 3001 : 3001 + num_samples]
    whole = compare_waveforms(x, y)
    monkeypatch.setattr(fidelity, "_BLOCK", 1)
    monkeypatch.setattr(fidelity, "_of_energies", lambda *sides: {})
    in_blocks = compare_waveforms(x, y)
    assert in_blocks == pytest.approx({name: whole[name] for name in in_blocks}, rel=1e-6)
