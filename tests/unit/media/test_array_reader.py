"""Clips in memory: rates, empty arrays, audio beside video."""

import numpy as np
import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.media import AudioSpec, MediaItem
from support.media import silence


@pytest.mark.parametrize("rate", [0, -1, 16_000.5, None])
def test_rates_that_are_none_are_refused(rate):
    """A rate is a whole positive number."""
    with pytest.raises(MediaError):
        MediaItem.from_audio(silence(16_000, 1.0), rate)


def test_empty_array_is_empty_audio():
    """No samples: a track that is empty."""
    item = MediaItem.from_audio(np.empty(0, np.float32), 16_000)
    with pytest.raises(MediaError) as caught:
        item.audio(AudioSpec(sample_rate=8000))
    assert caught.value.code is SkipCode.EMPTY_AUDIO


NOISE = np.random.default_rng(0).integers(0, 256, (6, 60, 81, 3), np.uint8)


def test_array_with_sound_has_both():
    """Audio and video start together."""
    item = MediaItem.from_frames(NOISE, 10, audio=np.ones(1600, np.float32), sample_rate=16_000)
    assert item.has_audio
    assert item.has_video
    assert len(item.audio(AudioSpec(clock="video"))) == 1600
