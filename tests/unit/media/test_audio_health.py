"""Plain measures of waveforms, with answers known by construction."""

import numpy as np
import pytest

from avmeter.media import Spool
from avmeter.media.audio_health import bandwidth_hz, clipping_share, dc_offset, silence_share
from support.media import silence, tone

RATE = 16_000


def test_half_silent_waveform():
    """Half of the frames are below the threshold."""
    wave = np.concatenate([tone(440, 0.5, RATE, 5.0), silence(RATE, 5.0)])
    assert silence_share(wave, RATE) == pytest.approx(0.5)
    assert silence_share(tone(440, 1e-4, RATE, 1.0), RATE) == 1.0


def test_clipped_runs_are_counted_across_blocks():
    """Runs of three and more at full scale count whole, wherever blocks are cut; shorter ones do not."""
    wave = np.zeros(200_000, np.float32)
    wave[65_534:65_538] = 1.0  # across the first cut, two on each side
    wave[100:102] = -1.0
    wave[1000:1003] = 1.5
    wave[131_071] = wave[131_072] = 1.0
    assert clipping_share(wave) * len(wave) == pytest.approx(7)
    assert clipping_share(np.ones(150_000, np.float32)) == 1.0
    assert clipping_share(tone(440, 0.99, RATE, 1.0)) == 0.0


def test_offset_of_a_shifted_tone():
    """The mean is what was added."""
    assert dc_offset(tone(400, 0.5, RATE, 1.0) + 0.1) == pytest.approx(0.1, abs=1e-6)


def test_bandwidth_of_band_limited_noise():
    """Noise below 4 kHz in a 16 kHz file has a bandwidth of 4 kHz."""
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(RATE * 10))
    spectrum[40_000:] = 0
    wave = np.fft.irfft(spectrum).astype(np.float32)
    assert bandwidth_hz(wave, RATE) == pytest.approx(4000, abs=60)
    assert bandwidth_hz(wave[:1000], RATE) > 3500
    assert bandwidth_hz(silence(RATE, 1.0), RATE) is None


def test_nothing_has_no_measures():
    """No samples, no values: None, not 0."""
    empty = np.empty(0, np.float32)
    assert silence_share(empty, RATE) is None
    assert clipping_share(empty) is None
    assert dc_offset(empty) is None
    assert bandwidth_hz(empty, RATE) is None


def test_spooled_waveform_gives_the_same():
    """Measures read from disk equal those read from memory."""
    wave = tone(440, 1.2, RATE, 10.0)
    spool = Spool(limit_bytes=1000)
    spool.append(wave)
    assert spool.on_disk
    for measure in (clipping_share, dc_offset):
        assert measure(spool) == measure(wave)
    assert bandwidth_hz(spool, RATE) == bandwidth_hz(wave, RATE)
    assert silence_share(spool, RATE) == silence_share(wave, RATE)
