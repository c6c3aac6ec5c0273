"""Onsets of waveforms with known beginnings; agreement with librosa is under parity."""

import numpy as np

from avmeter.dsp import onset
from avmeter.dsp.onset import HOP_LENGTH, SAMPLE_RATE, onset_strength, onset_times, pick_peaks

FRAME_S = HOP_LENGTH / SAMPLE_RATE


def bursts(*starts_s: float, duration_s: float = 4.0) -> np.ndarray:
    wave = np.zeros(round(duration_s * SAMPLE_RATE), np.float32)
    noise = np.random.default_rng(0).standard_normal(SAMPLE_RATE // 10).astype(np.float32)
    for start_s in starts_s:
        start = round(start_s * SAMPLE_RATE)
        wave[start : start + len(noise)] += 0.3 * noise * np.linspace(1, 0, len(noise))
    return wave


def test_bursts_begin_where_they_were_put() -> None:
    """Every burst is found within two frames of 23 ms."""
    starts_s = (0.5, 1.25, 2.0, 3.1)
    found = onset_times(bursts(*starts_s))
    assert len(found) == len(starts_s)
    assert np.abs(found - starts_s).max() < 2 * FRAME_S


def test_silence_and_constant_sound_have_no_onsets() -> None:
    """Nothing begins: an empty array, not one at 0."""
    assert onset_times(np.zeros(SAMPLE_RATE)).tolist() == []
    assert onset_times(np.zeros(0)).tolist() == []


def test_gain_does_not_move_onsets() -> None:
    """Levels are relative to the loudest: half the amplitude has the same onsets."""
    wave = bursts(0.5, 1.25, 2.0)
    assert onset_times(0.5 * wave).tolist() == onset_times(wave).tolist()


def test_strength_has_one_value_per_hop() -> None:
    """(1 + N // 512,) values, none of them negative."""
    for num_samples in (1, HOP_LENGTH, 5 * HOP_LENGTH + 1):
        strength = onset_strength(np.random.default_rng(0).standard_normal(num_samples))
        assert strength.shape == (1 + num_samples // HOP_LENGTH,)
        assert (strength >= 0).all()


def test_peaks_are_apart_and_above_their_neighbourhood() -> None:
    """Of two peaks one frame apart the earlier counts; a ripple on a plateau does not."""
    strength = np.zeros(40)
    strength[[10, 11, 30]] = 1.0
    assert pick_peaks(strength).tolist() == [10, 30]
    assert pick_peaks(np.full(40, 0.5)).tolist() == []


class Slices:
    """A waveform of which only parts can be had, as of one that is on disk."""

    def __init__(self, waveform):
        self._waveform = waveform
        self.largest = 0

    def __len__(self):
        return len(self._waveform)

    def __getitem__(self, part):
        assert isinstance(part, slice)
        found = self._waveform[part]
        self.largest = max(self.largest, len(found))
        return found


def test_long_waveform_is_read_in_blocks_with_the_same_onsets(monkeypatch):
    """Memory does not follow the length; blocks meet without a seam, whatever the blocks are."""
    rng = np.random.default_rng(0)
    levels = np.repeat(rng.random(1000) ** 4, 3000)
    waveform = (rng.standard_normal(len(levels)) * levels).astype(np.float32)[: 512 * 5000 + 77]
    monkeypatch.setattr(onset, "_BLOCK_FRAMES", 10_000)
    whole = onset.onset_strength(waveform)
    monkeypatch.setattr(onset, "_BLOCK_FRAMES", 1000)
    for max_blocks in (0, 100):
        monkeypatch.setattr(onset, "_MAX_BLOCKS", max_blocks)
        slices = Slices(waveform)
        np.testing.assert_allclose(onset.onset_strength(slices), whole, rtol=0, atol=1e-9)
        assert slices.largest <= 1000 * 512 + 2048
    np.testing.assert_array_equal(onset.onset_times(Slices(waveform)), onset.onset_times(waveform))
