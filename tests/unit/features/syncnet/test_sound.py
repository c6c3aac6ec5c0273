"""Sound as SyncNet hears it."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.dsp.cepstrum import speech_cepstrum
from avmeter.errors import SkipCode, SkipError
from avmeter.features.syncnet.sound import SyncNetSound
from avmeter.media import MediaItem
from support.extractors import noise


def test_every_step_of_a_frame_has_its_part_of_the_whole_cepstrum() -> None:
    """20 of its columns from each fourth one on, on the scale of 16 bits, across the edges of windows."""
    waveform = noise(16_000)
    windows = list(SyncNetSound().windows(MediaItem.from_audio(waveform, 16_000)))
    found = np.concatenate([w.inputs["cepstrum"] for w in windows])
    whole = speech_cepstrum(np.rint(waveform.astype(np.float64) * 32768))
    assert found.shape == (20, 13, 20)
    for step in (0, 15, 16, 19):
        np.testing.assert_allclose(found[step], whole[4 * step : 4 * step + 20].T, rtol=1e-6)


def test_sound_counts_in_steps_of_a_frame() -> None:
    """A rest of less does not."""
    assert SyncNetSound().facts(MediaItem.from_audio(noise(16_639), 16_000)) == {"num_ticks": 25}


@pytest.mark.parametrize(
    ("waveform", "code"), [(noise(3439), SkipCode.TOO_SHORT), (np.zeros(16_000, np.float32), SkipCode.SILENT)]
)
def test_sound_of_nothing_is_a_skip(waveform: np.ndarray, code: SkipCode) -> None:
    """Less than an embedding hears; zeros."""
    with pytest.raises(SkipError) as caught:
        list(SyncNetSound().windows(MediaItem.from_audio(waveform, 16_000)))
    assert caught.value.code == code
