"""Speech by espeak-ng: what is promised about samples, voices and failures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avmeter.demo import speech
from avmeter.demo.speech import speak
from avmeter.errors import AvmeterError, MissingDependencyError, UsageError
from support import require
from support.speech import needs_speech


@needs_speech
@pytest.mark.parametrize(
    ("voice", "text"),
    [
        ("en", "The quick brown fox jumps over the lazy dog."),
        ("de", "Guten Tag, wie geht es Ihnen?"),
        ("fr", "Bonjour, comment allez-vous ?"),
        ("es", "Buenos días, ¿cómo está?"),
        ("it", "Buongiorno, come sta?"),
        ("cmn", "今天天气很好。"),
        ("ja", "こんにちは、おげんきですか。"),
    ],
)
def test_languages_speak(voice: str, text: str) -> None:
    """Each language gives a second or more of sound, in range and neither silent nor clipped."""
    samples, rate = speak(text, voice)
    assert (samples.dtype, samples.ndim, rate) == (np.float32, 1, 22_050)
    assert len(samples) / rate > 1
    assert 0.3 < np.abs(samples).max() < 1
    assert np.sqrt(np.mean(samples**2)) > 0.02


@needs_speech
def test_same_request_gives_same_samples() -> None:
    """Speech is reproducible, whatever was spoken in between."""
    first, _ = speak("hello")
    speak("hallo", "de")
    again, _ = speak("hello")
    np.testing.assert_array_equal(first, again)


@needs_speech
def test_rate_and_pace_are_what_was_asked_for() -> None:
    """Resampling keeps the duration; twice the pace makes the text shorter."""
    text = "one two three four five six seven eight nine ten"
    own, own_rate = speak(text, words_per_minute=120)
    resampled, rate = speak(text, sample_rate=16_000, words_per_minute=120)
    quick, _ = speak(text, words_per_minute=240)
    assert rate == 16_000
    assert len(resampled) / rate == pytest.approx(len(own) / own_rate, abs=1e-3)
    assert len(quick) < 0.75 * len(own)


@needs_speech
def test_unknown_voice_is_a_usage_error() -> None:
    """A voice that espeak-ng does not have is named."""
    with pytest.raises(UsageError, match="no voice `klingonish`"):
        speak("hello", "klingonish")


@pytest.mark.parametrize(("text", "pace"), [("  ", 150), ("a\0b", 150), ("hello", 20), ("hello", 900)])
def test_request_that_cannot_be_spoken_is_a_usage_error(text: str, pace: int) -> None:
    """No text, a NUL, or a pace out of range."""
    with pytest.raises(UsageError):
        speak(text, words_per_minute=pace)


def test_absent_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the wheel the error says how to get it."""
    monkeypatch.setattr(speech, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'avmeter\[demo\]'"):
        speak("hello")


@needs_speech
def test_failure_of_the_speaking_process_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies is an error with its status, not an empty clip."""
    if not Path("/bin/false").exists():
        require.absent("system", "no /bin/false")
    monkeypatch.setattr(speech, "sys", type("Sys", (), {"executable": "/bin/false"}))
    with pytest.raises(AvmeterError, match="exit status 1"):
        speak("hello")
