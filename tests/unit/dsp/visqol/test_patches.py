"""Which parts of a reference are compared."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.dsp.visqol.comparison import SPEECH
from avmeter.dsp.visqol.patches import even_patches, spoken_patches


@pytest.mark.parametrize(
    ("num_frames", "starts"), [(44, []), (45, [14]), (75, [14]), (76, [14, 44]), (120, [14, 44, 74])]
)
def test_patches_follow_each_other_from_half_a_patch_on(num_frames: int, starts: list[int]) -> None:
    """None where there is not a patch and a half."""
    assert even_patches(num_frames, 30) == starts


def test_patches_without_a_voice_are_left_out() -> None:
    """Three seconds, of which the middle one is silent; chunks after a loud one still count."""
    rate = SPEECH.sample_rate
    wave = np.sin(np.arange(3 * rate) / 9)
    everywhere = spoken_patches(wave, SPEECH.bank, 147, 20)
    assert everywhere == [9 + 20 * i for i in range(6)]
    wave[rate : 2 * rate] = 0
    assert spoken_patches(wave, SPEECH.bank, 147, 20) == [9, 29, 49, 109]
    assert spoken_patches(np.zeros(rate), SPEECH.bank, 47, 20) == [9]  # the first two chunks always count
