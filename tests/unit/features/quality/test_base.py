"""What a quality network can judge: facts about its band, and clips that are too short for any."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import get_extractor
from avmeter.features.quality.base import band_facts
from avmeter.media import AudioSpec, MediaItem
from support.media import silence, tone

RATE = 48_000


def facts_of(wave: np.ndarray) -> Any:
    media = MediaItem.from_audio(wave, RATE)
    return band_facts(media, media.audio(AudioSpec(sample_rate=16_000, resampler="sinc")))


@pytest.mark.parametrize(("high", "low", "flagged"), [(0.5, 0.0, True), (0.5, 0.04, True), (0.5, 0.06, False)])
def test_clip_with_less_than_a_hundredth_of_its_energy_in_the_band_is_flagged(
    high: float, low: float, flagged: bool
) -> None:
    """Energies: 0.04 of 0.5 in amplitude is 0.6 %, 0.06 is 1.4 %."""
    wave = tone(12_000, high, RATE, 1) + tone(440, low, RATE, 1)
    assert facts_of(wave) == {"silent": False, "high_band_only": flagged}


def test_silence_is_silent_and_nothing_else() -> None:
    """No energy at all is not a matter of bands."""
    assert facts_of(silence(RATE, 1)) == {"silent": True, "high_band_only": False}


def test_energy_is_summed_over_the_whole_of_a_long_clip() -> None:
    """Sound within the band at the very end counts, beyond the first block of samples."""
    wave = tone(12_000, 0.1, RATE, 30)
    wave[-RATE:] += tone(440, 0.5, RATE, 1)
    assert facts_of(wave) == {"silent": False, "high_band_only": False}


@pytest.mark.parametrize("name", ["dnsmos", "distillmos", "utmosv2", "utmos", "plcmos"])
def test_clip_that_nobody_could_judge_has_no_opinion(name: str) -> None:
    """One sample of speech level: the networks themselves answer to anything."""
    with pytest.raises(SkipError) as failed:
        next(iter(get_extractor(name).windows(MediaItem.from_audio(np.full(1, 0.5, np.float32), 16_000))))
    assert failed.value.code == SkipCode.TOO_SHORT
    assert failed.value.hint
