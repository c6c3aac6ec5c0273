"""Mono mixes by the weights of ITU-R BS.775."""

import numpy as np
import pytest

from avmeter.media import AudioSpec, MediaItem
from support.media import tone, write_media

NATIVE = AudioSpec()


@pytest.mark.parametrize(("channel", "expected"), [("FC", 0.5 * 0.7071), ("FL", 0.25), ("BL", 0.25 * 0.7071)])
def test_surround_is_mixed_by_itu_weights(tmp_path, channel, expected):
    """5.1: the centre comes out at 0.707, a front side at 0.5, a surround at 0.354."""
    wave = np.zeros((6, 96_000), np.float32)
    wave[["FL", "FR", "FC", "LFE", "BL", "BR"].index(channel)] = tone(440, 0.5, 48_000, 2.0)
    path = write_media(tmp_path / "a.m4a", wave=wave, bit_rate=384_000)
    with MediaItem.open(path) as item:
        assert item.audio_facts.num_channels == 6
        middle = np.asarray(item.audio(NATIVE))[24_000:72_000]
    assert np.abs(middle).max() == pytest.approx(expected, rel=0.03)
