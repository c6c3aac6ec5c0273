"""Damage to sound does what it says, measured."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from avmeter.stress.audio import DAMAGES

RATE = 24_000


def apply(name: str, samples: NDArray[np.float32], dose: float = 0.0, seed: int = 0) -> NDArray[np.float32]:
    return DAMAGES[name].apply(samples, RATE, dose, np.random.default_rng(seed))


def tone(frequency_hz: float, duration_s: float = 2.0, num_channels: int = 1) -> NDArray[np.float32]:
    time_s = np.arange(round(duration_s * RATE)) / RATE
    wave = 0.3 * np.sin(2 * np.pi * frequency_hz * time_s)
    return np.repeat(wave[None], num_channels, axis=0).astype(np.float32)


def noise(num_channels: int = 1, level: float = 0.1) -> NDArray[np.float32]:
    return (np.random.default_rng(9).standard_normal((num_channels, 2 * RATE)) * level).astype(np.float32)


def pitch_hz(wave: NDArray[np.float32]) -> float:
    middle = wave[0, RATE // 2 : 3 * RATE // 2] * np.hanning(RATE)
    return float(np.argmax(np.abs(np.fft.rfft(middle))))


def power(wave: NDArray[np.floating]) -> float:
    return float(np.mean(np.square(wave, dtype=np.float64)))


def ratio_db(a: float, b: float) -> float:
    return 10 * np.log10(a / b)


EVERY = [(name, dose) for name, damage in DAMAGES.items() for dose in (damage.doses or (0.0,))]


@pytest.mark.parametrize(("name", "dose"), EVERY)
def test_every_damage_is_fixed_by_its_seed_and_keeps_the_shape(name: str, dose: float) -> None:
    """Same seed, same samples; channels and length stay, values are finite float32, and the input is not touched."""
    samples = noise(2) + tone(300, num_channels=2)
    before = samples.copy()
    first, again = apply(name, samples, dose), apply(name, samples, dose)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(samples, before)
    assert first.shape == samples.shape
    assert first.dtype == np.float32
    assert np.isfinite(first).all()


@pytest.mark.parametrize("name", ["white_noise", "noise", "dropouts", "reverb", "speech_over_music"])
def test_random_damage_follows_its_seed(name: str) -> None:
    """Another seed, another damage."""
    dose = DAMAGES[name].doses[0] if DAMAGES[name].doses else 0.0
    assert np.any(apply(name, tone(300), dose, seed=0) != apply(name, tone(300), dose, seed=1))


@pytest.mark.parametrize(("name", "dose"), EVERY)
def test_every_damage_takes_silence_and_short_clips(name: str, dose: float) -> None:
    """No division by a level of zero, and no assumption about length."""
    for samples in (np.zeros((1, RATE), np.float32), noise()[:, :500]):
        assert np.isfinite(apply(name, samples, dose)).all()


@pytest.mark.parametrize("dose", DAMAGES["noise"].doses)
def test_noise_has_the_ratio_that_it_states(dose: float) -> None:
    """The signal-to-noise ratio is the dose, in dB."""
    clean = tone(300)
    assert ratio_db(power(clean), power(apply("noise", clean, dose) - clean)) == pytest.approx(dose, abs=0.2)


@pytest.mark.parametrize("name", ["hum", "speech_over_music"])
def test_added_sound_lies_as_far_below_as_stated(name: str) -> None:
    """So many dB below the sound."""
    clean = tone(300)
    assert ratio_db(power(clean), power(apply(name, clean, 10.0) - clean)) == pytest.approx(10.0, abs=0.1)


def test_white_noise_has_the_level_of_the_clip() -> None:
    """What replaces the sound is as loud as the sound."""
    assert ratio_db(power(apply("white_noise", tone(300))), power(tone(300))) == pytest.approx(0, abs=0.2)


def test_low_volume_is_20_db_down_and_nothing_else() -> None:
    """A tenth of every point."""
    np.testing.assert_allclose(apply("low_volume", tone(300), -20.0), tone(300) / 10, rtol=1e-6)


@pytest.mark.parametrize("semitones", [6.0, 12.0])
def test_pitch_shift_moves_the_pitch_and_keeps_the_time(semitones: float) -> None:
    """A tone goes up by the stated ratio; an event stays where it was."""
    assert pitch_hz(apply("pitch_shift", tone(400), semitones)) == pytest.approx(400 * 2 ** (semitones / 12), rel=0.01)
    burst = np.zeros((1, 2 * RATE), np.float32)
    burst[0, RATE : RATE + RATE // 10] = tone(400, 0.1)[0]
    envelope = np.abs(apply("pitch_shift", burst, semitones)[0])
    centre = float(np.sum(envelope * np.arange(len(envelope))) / envelope.sum()) / RATE
    assert centre == pytest.approx(1.05, abs=0.01)


@pytest.mark.parametrize("factor", [1.1, 1.5])
def test_time_stretch_moves_the_time_and_keeps_the_pitch(factor: float) -> None:
    """A tone stays; an event comes later by the stated factor."""
    assert pitch_hz(apply("time_stretch", tone(400), factor)) == pytest.approx(400, abs=2)
    burst = np.zeros((1, 2 * RATE), np.float32)
    burst[0, RATE // 2 : RATE // 2 + RATE // 10] = tone(400, 0.1)[0]
    envelope = np.abs(apply("time_stretch", burst, factor)[0])
    centre = float(np.sum(envelope * np.arange(len(envelope))) / envelope.sum()) / RATE
    assert centre == pytest.approx(0.55 * factor, abs=0.015)


def test_other_voice_is_higher_but_no_chipmunk() -> None:
    """The pitch rises by the dose."""
    assert pitch_hz(apply("other_voice", tone(400), 4.0)) == pytest.approx(400 * 2 ** (4 / 12), rel=0.01)


@pytest.mark.parametrize("dose", [0.1, 1.0])
def test_delay_and_advance_move_by_the_dose(dose: float) -> None:
    """To the point, with silence in the gap."""
    samples = noise()
    offset = round(dose * RATE)
    late, early = apply("delay", samples, dose), apply("advance", samples, dose)
    np.testing.assert_array_equal(late[:, offset:], samples[:, :-offset])
    assert not late[:, :offset].any()
    np.testing.assert_array_equal(early[:, :-offset], samples[:, offset:])
    assert not early[:, -offset:].any()


def test_low_pass_leaves_nothing_above_and_everything_below() -> None:
    """At 4 kHz, a tone of 1 kHz stays and one of 6 kHz goes."""
    np.testing.assert_allclose(apply("low_pass", tone(1000), 4000.0), tone(1000), atol=1e-4)
    assert ratio_db(power(apply("low_pass", tone(6000), 4000.0)), power(tone(6000))) < -60


def test_dropouts_take_the_stated_share() -> None:
    """A share of the clip is silence, the rest untouched."""
    samples = noise()
    damaged = apply("dropouts", samples, 0.2)
    silent = damaged == 0
    assert silent.mean() == pytest.approx(0.2, abs=0.03)
    np.testing.assert_array_equal(damaged[~silent], samples[~silent])


def test_clipping_flattens_the_peaks_at_the_same_height() -> None:
    """24 dB over full scale most of a tone lies at its peak."""
    damaged = apply("clipping", tone(300), 24.0)
    peak = np.abs(damaged).max()
    assert np.mean(np.abs(damaged) > 0.999 * peak) > 0.9


@pytest.mark.parametrize(("name", "dose"), [("mp3", 64.0), ("opus", 24.0)])
def test_codec_is_heard_and_keeps_the_time(name: str, dose: float) -> None:
    """Something is lost, but the sound lies on the sound before."""
    clean = tone(700) * np.linspace(0, 1, 2 * RATE, dtype=np.float32)
    coded = apply(name, clean, dose)
    assert not np.array_equal(coded, clean)
    assert ratio_db(power(clean), power(coded - clean)) > 15


def test_rate_confusion_raises_pitch_by_9_percent() -> None:
    """48 / 44.1."""
    assert pitch_hz(apply("rate_confusion", tone(400))) == pytest.approx(400 * 48 / 44.1, abs=2)


def test_channels_are_exchanged() -> None:
    """Left is right."""
    samples = noise(2)
    np.testing.assert_array_equal(apply("channel_swap", samples)[0], samples[1])


def test_reversed_twice_is_the_clip() -> None:
    """Backwards, and back."""
    samples = noise()
    np.testing.assert_array_equal(apply("reversed", apply("reversed", samples)), samples)


def test_reverb_goes_on_after_the_sound_has_ended() -> None:
    """A click has a tail that falls by 60 dB in the stated time."""
    click = np.zeros((1, 2 * RATE), np.float32)
    click[0, 0] = 1.0
    tail = apply("reverb", click, 0.8)[0]
    start, later = power(tail[10 : RATE // 20]), power(tail[round(0.4 * RATE) : round(0.45 * RATE)])
    assert ratio_db(start, later) == pytest.approx(30, abs=4)
