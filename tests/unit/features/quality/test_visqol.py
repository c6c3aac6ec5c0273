"""ViSQOL's features of two clips."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError, UnknownNameError
from avmeter.features.quality.visqol import VisqolExtractor
from avmeter.media import MediaItem
from golden.degraded import synthetic

RATE = 24_000
SOUND = synthetic(RATE).astype(np.float32)


def compared(generated: np.ndarray, reference: np.ndarray):
    return VisqolExtractor(mode="speech").compare(*(MediaItem.from_audio(a, RATE) for a in (generated, reference)))


def test_sound_is_read_in_mono_at_the_rate_of_the_mode() -> None:
    """Whatever its own, with both durations."""
    found = compared(np.stack([SOUND, SOUND])[:, :-RATE], SOUND)
    assert found["bands"].shape == (21,)
    assert found.facts["duration_s"] == pytest.approx(2)
    assert found.facts["reference_duration_s"] == pytest.approx(3)
    assert 1 <= found.facts["mos"] <= 5
    assert compared(SOUND, SOUND).facts["mos"] == pytest.approx(5, abs=1e-2)


@pytest.mark.parametrize(
    ("generated", "reference", "code"),
    [
        (0 * SOUND, SOUND, SkipCode.SILENT),
        (SOUND, 0 * SOUND, SkipCode.SILENT),
        (SOUND[:1000], SOUND, SkipCode.TOO_SHORT),
        (SOUND[:9000], SOUND[:9000], SkipCode.NO_SPEECH),
    ],
)
def test_sound_that_cannot_be_compared_is_a_named_skip(generated, reference, code: SkipCode) -> None:
    """Before anything is divided by its level."""
    with pytest.raises(SkipError) as caught:
        compared(generated, reference)
    assert caught.value.code is code


def test_speech_needs_no_weights() -> None:
    """Its mapping is a formula; unknown modes are refused."""
    assert VisqolExtractor(mode="speech").weights() == ()
    assert VisqolExtractor().weights() == ("visqol-audio",)
    with pytest.raises(UnknownNameError, match="mode"):
        VisqolExtractor(mode="music")
