"""Two waveforms to the similarity of each band."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.dsp.visqol.comparison import AUDIO, SPEECH, Mode, compare
from golden.degraded import synthetic


@pytest.mark.parametrize("mode", [AUDIO, SPEECH])
def test_level_and_delay_are_forgiven(mode: Mode) -> None:
    """A quieter clip that begins later is the same."""
    sound = synthetic(mode.sample_rate)
    late = 0.1 * np.concatenate([np.zeros(mode.sample_rate // 4), sound])
    found = compare(sound, late, mode)
    assert found is not None
    assert found.bands == pytest.approx(np.ones(mode.num_bands), abs=1e-6)
    assert found.lag_s == -0.25
    assert not any(match.is_lost for match in found.matches)


def test_sound_without_a_patch_is_none() -> None:
    """Too short, or silent once it is moved."""
    sound = synthetic(SPEECH.sample_rate)
    assert compare(sound[:6000], sound[:6000], SPEECH) is None
    assert compare(sound[: AUDIO.sample_rate // 2], sound[: AUDIO.sample_rate // 2], AUDIO) is None
