"""What UTMOSv2 reads; the numbers are in tests/parity."""

from __future__ import annotations

import numpy as np

from avmeter.dsp.utmosv2 import mel_image, repeated, without_pauses


def test_only_long_pauses_are_left_out() -> None:
    """4801 quiet samples go and 4800 stay; of a clip below 0.1 nothing is left."""
    loud = np.full(100, 0.5, np.float32)
    quiet = np.full(4801, -0.9, np.float32)
    assert len(without_pauses(np.concatenate([loud, quiet, loud]))) == 200
    assert len(without_pauses(np.concatenate([loud, quiet[1:], loud]))) == 5000
    assert len(without_pauses(np.concatenate([quiet, loud, quiet]))) == 100
    assert len(without_pauses(np.full(9000, 0.09, np.float32))) == 0


def test_short_sound_is_repeated_until_it_is_longer() -> None:
    """Of as many samples there are twice as many; longer sound stays."""
    assert len(repeated(np.ones(100), 100)) == 200
    assert len(repeated(np.ones(101), 100)) == 101
    assert repeated(np.arange(3), 7).tolist() == [0, 1, 2] * 3


def test_picture_is_1_where_the_sound_is_loudest() -> None:
    """And 0 from 80 dB below on."""
    tone = np.sin(2 * np.pi * 1000 * np.arange(22_400) / 16_000).astype(np.float32)
    found = mel_image(tone, 512)
    assert found.shape == (512, 701)
    assert (found.min(), found.max()) == (0, 1)
    assert 150 < found[:, 350].argmax() < 220
