"""Stereo facts of clips: which channels are measured, and when a clip is silent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avmeter.errors import SkipError
from avmeter.features.base import get_extractor
from avmeter.media import MediaItem

RATE = 24_000
NOISE = np.random.default_rng(0).standard_normal(RATE).astype(np.float32) / 8


def facts(*gains: float) -> Any:
    extractor: Any = get_extractor("stereo")
    wave = np.stack([g * NOISE for g in gains], axis=1)
    return extractor.extract(MediaItem.from_audio(wave.squeeze(), RATE)).facts


def test_left_is_the_first_channel() -> None:
    """Twice the amplitude is 6.02 dB."""
    found = facts(1.0, 0.5)
    assert found["level_difference_db"] == pytest.approx(6.02, abs=0.01)
    assert (found["num_channels"], found["silent"]) == (2, False)


def test_mono_has_the_facts_of_two_equal_channels() -> None:
    """All but the number of channels."""
    mono, equal = facts(1.0), facts(1.0, 1.0)
    assert (mono.pop("num_channels"), equal.pop("num_channels")) == (1, 2)
    assert mono == pytest.approx(equal, abs=1e-9)


def test_channels_that_cancel_are_not_silent() -> None:
    """Their mono mix is."""
    assert facts(1.0, -1.0)["silent"] is False
    assert facts(0.0, 0.0)["silent"] is True


def test_more_than_two_channels_are_unsupported() -> None:
    """The skip says how many there are."""
    with pytest.raises(SkipError, match="3 channels") as caught:
        facts(1.0, 1.0, 1.0)
    assert str(caught.value.code) == "unsupported"
