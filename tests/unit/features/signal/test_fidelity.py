"""Sound against the sound that it should be."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError, UnknownNameError
from avmeter.features.signal.fidelity import FidelityExtractor
from avmeter.media import MediaItem
from golden import synth

RATE = 16_000
SOUND = synth.chirp_noise(RATE, 0.5, seed=2)


def compared(generated: np.ndarray, reference: np.ndarray, *, rate: int = RATE, lengths: str = "equal") -> dict:
    clips = [MediaItem.from_audio(generated, rate), MediaItem.from_audio(reference, RATE)]
    return dict(FidelityExtractor(lengths=lengths).compare(*clips).facts)


def test_sound_is_compared_at_its_own_rate_and_channels() -> None:
    """Nothing is mixed: an error in one channel is half of the energy."""
    stereo = np.stack([SOUND, SOUND])
    found = compared(np.stack([SOUND, 0 * SOUND]), stereo)
    assert found["snr_db"] == pytest.approx(3.0103, abs=1e-3)
    assert (found["sample_rate"], found["num_channels"], found["num_samples"]) == (RATE, 2, len(SOUND))


@pytest.mark.parametrize(
    ("generated", "rate", "code", "reason"),
    [
        (SOUND, 24_000, SkipCode.SOUND_FORMAT_MISMATCH, "1 channels at 24000 Hz and array 1 at 16000 Hz"),
        (np.stack([SOUND, SOUND]), RATE, SkipCode.SOUND_FORMAT_MISMATCH, "2 channels"),
        (SOUND[:-1], RATE, SkipCode.LENGTH_MISMATCH, "7999 samples and array 8000"),
    ],
)
def test_sound_of_another_form_is_refused(generated: np.ndarray, rate: int, code: SkipCode, reason: str) -> None:
    """With both forms: nothing is guessed."""
    with pytest.raises(SkipError, match=reason) as caught:
        compared(generated, SOUND, rate=rate)
    assert caught.value.code is code


def test_lengths_are_made_equal_as_asked() -> None:
    """Cut, the rest is equal; padded, what is missing is an error."""
    half = SOUND[:4000]
    assert compared(half, SOUND, lengths="cut")["snr_db"] == 120
    padded = compared(half, SOUND, lengths="pad")
    missing = np.square(SOUND[4000:]).sum() / np.square(SOUND).sum()
    assert padded["relative_l2"] == pytest.approx(np.sqrt(missing), rel=1e-5)
    assert (padded["num_samples"], padded["num_generated_samples"]) == (8000, 4000)


def test_silent_reference_and_sound_without_spectra_are_named_skips() -> None:
    """Errors are relative to the one, and frames are longer than the other."""
    with pytest.raises(SkipError, match="silent") as caught:
        compared(SOUND, 0 * SOUND)
    assert caught.value.code is SkipCode.SILENT
    with pytest.raises(SkipError, match="1000 samples") as caught:
        compared(SOUND[:1000], SOUND[:1000])
    assert caught.value.code is SkipCode.TOO_SHORT


def test_unknown_rule_is_refused() -> None:
    """By name."""
    with pytest.raises(UnknownNameError, match="rule for lengths"):
        FidelityExtractor(lengths="trim")
