"""ImageBind's embedding of a sound: three windows spread over it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError, UnknownNameError
from avmeter.features.base import get_extractor
from avmeter.media import MediaItem
from avmeter.runtime import Runtime
from support.extractors import extract, noise
from support.imagebind import RATE, sound


def places(item: MediaItem) -> list[tuple[float, float]]:
    extractor: Any = get_extractor("imagebind_audio")
    return [(w.start_s, w.duration_s) for w in extractor.windows(item)]


def test_three_windows_of_2_s_are_spread_from_start_to_end() -> None:
    """The first begins with the sound, the last ends with it."""
    np.testing.assert_allclose(places(sound(10)), [(0, 2), (4, 2), (8, 2)])
    np.testing.assert_allclose(places(sound(3)), [(0, 2), (0.5, 2), (1, 2)])


def test_sound_of_less_than_a_window_is_read_three_times() -> None:
    """As published: all three are the same, of its whole length."""
    np.testing.assert_allclose(places(sound(1)), [(0, 1)] * 3)


def test_sound_of_less_than_one_mel_frame_is_too_short() -> None:
    """0.025 s are needed."""
    with pytest.raises(SkipError, match=r"ImageBind needs 0\.025 s") as caught:
        places(MediaItem.from_audio(noise(399), RATE))
    assert caught.value.code == SkipCode.TOO_SHORT
    assert len(places(MediaItem.from_audio(noise(400), RATE))) == 3


def test_embedding_is_the_mean_over_windows(runtime: Runtime) -> None:
    """Not of length 1 again, as published."""
    extractor: Any = get_extractor("imagebind_audio")
    features = extract(extractor, sound(6), runtime)
    rows = [extractor.run([w], runtime)[0]["embedding"] for w in extractor.windows(sound(6))]
    np.testing.assert_allclose(features["embedding"], np.mean(rows, axis=0), rtol=1e-5, atol=1e-6)
    assert features.facts == {"num_windows": 3}


def test_silent_first_channel_is_named_and_so_is_silence() -> None:
    """Only the first of several channels is read, as published: the fact says so where that one is silent."""
    extractor: Any = get_extractor("imagebind_audio")
    half = MediaItem.from_audio(np.stack([np.zeros(RATE, np.float32), noise(RATE)]), RATE)
    assert "first of 2 channels" in extractor.facts(half)["hears_silence"]
    assert get_extractor("imagebind_audio", channel="mean").facts(half) == {}  # type: ignore[attr-defined]
    silent = MediaItem.from_audio(np.zeros(RATE, np.float32), RATE)
    assert extractor.facts(silent)["hears_silence"] == "the sound is silent"


def test_protocols_read_the_same_and_share_features() -> None:
    """Both published programs call ImageBind's own loader; an unknown protocol is refused all the same."""
    both = [get_extractor("imagebind_audio", protocol=p).identity() for p in ("fastvideo", "av-benchmark")]
    assert both[0] == both[1]
    with pytest.raises(UnknownNameError, match="fastvid"):
        get_extractor("imagebind_audio", protocol="fastvid")
