"""Inputs of CLAP's audio tower: padding, crops, rounding."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch import Tensor

from avmeter.dsp.clap import (
    CLAP_UNFUSED,
    MAX_LENGTH,
    MICROSOFT,
    NUM_FRAMES,
    UNFUSED,
    ShortClips,
    crop_starts_s,
    fused_input,
    log_mel,
    log_mel_of_clip,
    repeated,
    round_int16,
    unfused_input,
)
from avmeter.dsp.filterbank import slaney_bank
from avmeter.dsp.mel import CLAP, clap_mel
from avmeter.errors import UsageError


def noise(seconds: float) -> Tensor:
    return 0.1 * torch.randn(round(48000 * seconds), generator=torch.Generator().manual_seed(0))


def test_short_clip_is_repeated_whole_and_the_rest_is_silence() -> None:
    """4 s fit twice; 2 s of zeros follow."""
    wave = noise(4)
    padded = repeated(wave)
    assert padded.shape == (MAX_LENGTH,)
    assert torch.equal(padded, torch.cat([wave, wave, torch.zeros(96000)]))


def test_clip_of_ten_seconds_is_left_alone() -> None:
    """Nothing to repeat, nothing to add."""
    wave = noise(10)
    assert torch.equal(repeated(wave), wave)


def test_clip_above_ten_seconds_is_not_padded() -> None:
    """Cutting is not padding's business."""
    with pytest.raises(UsageError, match="480001 samples"):
        repeated(torch.zeros(MAX_LENGTH + 1))


@pytest.mark.parametrize("wave", [torch.zeros(0), torch.zeros(1, 48000)])
def test_empty_or_many_waveforms_are_an_error(wave: Tensor) -> None:
    """One waveform of at least one sample."""
    for make in (repeated, fused_input, unfused_input):
        with pytest.raises(UsageError, match="one waveform"):
            make(wave)


def test_short_clip_fills_four_equal_channels() -> None:
    """A fused model hears a short clip as a whole four times; which branch it takes is the caller's choice."""
    fused = fused_input(noise(3))
    assert fused.input_features.shape == (4, NUM_FRAMES, 64)
    assert torch.equal(fused.input_features[0], fused.input_features[3])
    assert fused.is_longer
    assert fused.crop_starts_s == ()
    plain = fused_input(noise(3), short_clips=ShortClips.PLAIN)
    assert not plain.is_longer
    assert torch.equal(plain.input_features, fused.input_features)


def test_long_clip_is_shrunk_and_cropped_from_every_third() -> None:
    """30 s: one crop begins in each third of the 20 s where one can begin, and holds the clip's own mel."""
    wave = noise(30)
    made = fused_input(wave)
    assert made.is_longer
    assert made.input_features.shape == (4, NUM_FRAMES, 64)
    for i, start_s in enumerate(made.crop_starts_s):
        assert 20 / 3 * i - 0.01 <= start_s <= 20 / 3 * (i + 1) + 0.01
        first = round(start_s * 100)
        mel = log_mel(wave[None], CLAP)[0, first : first + NUM_FRAMES]
        assert torch.equal(made.input_features[i + 1], mel)


def test_crops_are_the_same_every_time_and_move_with_the_seed() -> None:
    """No global generator is read or moved."""
    wave = noise(30)
    before = np.random.get_state()[1].copy()
    first, again, other = fused_input(wave), fused_input(wave), fused_input(wave, seed=1)
    assert torch.equal(first.input_features, again.input_features)
    assert first.crop_starts_s != other.crop_starts_s
    assert unfused_input(wave).crop_starts_s == unfused_input(wave).crop_starts_s
    assert np.array_equal(before, np.random.get_state()[1])


def test_unfused_model_hears_one_crop_of_a_long_clip() -> None:
    """The crop's place is told, and its mel is that of those 10 s alone."""
    wave = noise(12)
    made = unfused_input(wave)
    (start_s,) = made.crop_starts_s
    assert 0 <= start_s <= 2
    start = round(start_s * 48000)
    assert torch.equal(made.input_features, log_mel(wave[None, start : start + MAX_LENGTH], CLAP_UNFUSED))


def test_the_two_banks_differ() -> None:
    """Models without fusion were trained on bands of equal area, the fused ones on bands of equal height."""
    wave = noise(1)[None]
    assert (log_mel(wave, CLAP) - log_mel(wave, CLAP_UNFUSED)).abs().mean() > 5
    assert torch.equal(log_mel(wave, CLAP), clap_mel(wave).transpose(1, 2))


def test_int16_rounding_cuts_towards_zero_and_clips() -> None:
    """As NumPy's cast does."""
    wave = torch.tensor([-2.0, -0.5, -1e-5, 0.0, 1e-5, 0.123456, 1.0])
    expected = (np.clip(wave.numpy(), -1, 1) * 32767.0).astype(np.int16) / 32767.0
    np.testing.assert_allclose(round_int16(wave).numpy(), expected, rtol=0, atol=1e-7)
    assert round_int16(torch.tensor([-1e-5])).item() == 0


@pytest.mark.parametrize("seconds", [41, 40.95, 40.96, 83])
def test_long_clip_is_read_in_stretches_without_seams(seconds: float) -> None:
    """Block by block gives what the whole at once gives, at the ends and where blocks of 4096 frames meet."""
    wave = noise(seconds)

    class Slices:
        """Remembers the longest stretch that was asked for."""

        longest = 0

        def __len__(self) -> int:
            return len(wave)

        def __getitem__(self, key: slice) -> np.ndarray:
            part = wave[key].numpy()
            self.longest = max(self.longest, len(part))
            return part

    slices = Slices()
    in_stretches, whole = log_mel_of_clip(slices, CLAP), log_mel(wave[None], CLAP)[0]
    torch.testing.assert_close(in_stretches, whole, rtol=0, atol=1e-4)
    assert slices.longest <= 4097 * 480 + 1024


def test_places_of_crops_are_known_without_the_clip() -> None:
    """What the inputs tell is what the length alone tells; a clip that is read as a whole has no crops."""
    for seconds in (3, 10, 10.005, 10.02, 12, 30):
        wave = noise(seconds)
        assert fused_input(wave, seed=2).crop_starts_s == crop_starts_s(len(wave), fused=True, seed=2)
        assert unfused_input(wave, seed=2).crop_starts_s == crop_starts_s(len(wave), fused=False, seed=2)
    assert crop_starts_s(MAX_LENGTH, fused=False) == crop_starts_s(MAX_LENGTH + 479, fused=True) == ()


@pytest.mark.parametrize("num_samples", [1, 4410, 150_000, 308_699, 308_700])
def test_microsofts_input_is_filled_with_the_beginning_of_the_clip(num_samples: int) -> None:
    """7 s at 44.1 kHz without silence behind a short clip; how often it is heard need not be whole."""
    wave = noise(7)[:num_samples]
    made = repeated(wave, MICROSOFT)
    assert made.shape == (308_700,)
    assert torch.equal(made, torch.cat([wave] * -(-308_700 // num_samples))[:308_700])
    assert MICROSOFT.num_repeats(num_samples) == 308_700 / num_samples
    assert unfused_input(wave, input_spec=MICROSOFT).input_features.shape == (1, 965, 64)


def test_longer_clip_is_cropped_by_the_generator_of_its_own_code() -> None:
    """Python's for Microsoft's, NumPy's for the others; neither global one is moved."""
    wave = noise(9)
    python_state, numpy_state = random.getstate(), np.random.get_state()[1].copy()
    surplus = len(wave) - 308_700
    made = unfused_input(wave, input_spec=MICROSOFT, seed=5)
    start = random.Random(5).randrange(surplus)
    assert made.crop_starts_s == (start / 44_100,)
    assert made.crop_starts_s == crop_starts_s(len(wave), fused=False, input_spec=MICROSOFT, seed=5)
    expected = log_mel(wave[None, start : start + 308_700], MICROSOFT.mel)
    assert torch.equal(made.input_features, expected)
    assert UNFUSED.crop_start(MAX_LENGTH + 9, 5) == np.random.RandomState(5).randint(0, 10)
    assert random.getstate() == python_state
    assert np.array_equal(numpy_state, np.random.get_state()[1])


def test_microsofts_mel_bank_is_that_of_another_rate() -> None:
    """A tone at 44.1 kHz is in the band that 32 kHz has for a frequency lower by that ratio."""
    tone = torch.sin(2 * torch.pi * 4410 * torch.arange(308_700) / 44_100)
    mel = unfused_input(tone, input_spec=MICROSOFT).input_features[0, 400]
    bank = slaney_bank(sample_rate=32_000, n_fft=1024, n_mels=64, f_min=50, f_max=14_000)
    assert mel.argmax() == bank[:, round(4410 / 44_100 * 1024)].argmax()
