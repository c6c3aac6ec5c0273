"""The sound from outside the set is a sound of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from avmeter.media import AudioSpec, MediaItem
from avmeter.stress import siren


def test_siren_is_loud_not_clipped_and_as_long_as_declared(tmp_path: Path) -> None:
    """It can replace the audio of a rendered clip."""
    with MediaItem.open(siren.render_siren(tmp_path)) as item:
        wave = np.asarray(item.audio(AudioSpec(sample_rate=None))[:])
    assert len(wave) == round(siren.DURATION_S * siren.SAMPLE_RATE)
    assert 0.1 < np.abs(wave).max() < 0.99
