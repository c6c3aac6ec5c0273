"""What extractors of AudioSet networks read of a waveform, and what is too short or silent."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError, UnknownNameError, UsageError
from avmeter.features.base import get_extractor
from avmeter.media import MediaItem
from support.audioset import NAMES, RATES, extractor, noise, windows


@pytest.mark.parametrize(
    ("name", "shortest"), [("panns", 5_120), ("vggish", 15_600), ("yamnet", 400)], ids=["panns", "vggish", "yamnet"]
)
def test_shorter_than_one_input_is_too_short_with_the_length_needed(name: str, shortest: int) -> None:
    """The message has both lengths."""
    assert windows(name, shortest)
    with pytest.raises(SkipError, match=f"{name} needs {shortest / 16_000:.3f} s") as caught:
        windows(name, shortest - 1)
    assert caught.value.code == SkipCode.TOO_SHORT


@pytest.mark.parametrize("name", NAMES)
def test_silence_is_a_skip_only_where_the_peak_is_normalised(name: str) -> None:
    """`fastvideo` divides by the peak; `av-benchmark` scores silence."""
    silence = MediaItem.from_audio(np.zeros(2 * RATES[name], np.float32), RATES[name])
    with pytest.raises(SkipError) as caught:
        list(extractor(name).windows(silence))
    assert caught.value.code == SkipCode.SILENT
    assert "av-benchmark" in caught.value.hint
    assert list(extractor(name, protocol="av-benchmark").windows(silence))


@pytest.mark.parametrize("name", NAMES)
def test_level_does_not_matter_where_the_peak_is_normalised(name: str) -> None:
    """20 dB less, in floats, is the same window to rounding."""
    loud, quiet = (
        next(iter(extractor(name).windows(MediaItem.from_audio(g * noise(2 * RATES[name]), RATES[name]))))
        for g in (np.float32(1), np.float32(0.1))
    )
    for key, array in loud.inputs.items():
        np.testing.assert_allclose(quiet.inputs[key], array, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_wrong_options_are_refused_at_birth(name: str) -> None:
    """An unknown protocol, or a duration that is none."""
    with pytest.raises(UnknownNameError, match="fastvid"):
        get_extractor(name, protocol="fastvid")
    for duration_s in (0, -1, float("nan")):
        with pytest.raises(UsageError, match="not a positive number of seconds"):
            get_extractor(name, duration_s=duration_s)
    assert get_extractor(name).identity() != get_extractor(name, protocol="av-benchmark").identity()
