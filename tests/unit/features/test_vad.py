"""Voice activity: silence and noise are no speech, and speech is cut at its pauses."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.features import vad as detector
from avmeter.features.base import get_extractor
from avmeter.features.vad import extract_speech, speech_ranges, split_at_pauses
from avmeter.media import MediaItem
from support import require
from support.speech import needs_speech, speak

require.package("faster_whisper")

RATE = 16_000


def noise(duration_s: float) -> np.ndarray:
    return (0.1 * np.random.default_rng(0).standard_normal(round(duration_s * RATE))).astype(np.float32)


def test_pieces_cover_the_waveform_once() -> None:
    """Nothing is dropped and nothing is read twice, with and without a detector."""
    waveform = np.concatenate([noise(1.0), np.zeros(RATE * 2, np.float32), noise(4.3)])
    for vad in (True, False):
        parts = list(split_at_pauses(MediaItem.from_audio(waveform, RATE), 3 * RATE, vad=vad))
        np.testing.assert_array_equal(np.concatenate([p for _, p, _ in parts]), waveform)
        assert [start for start, _, _ in parts] == np.cumsum([0, *(len(p) for _, p, _ in parts[:-1])]).tolist()
        assert max(len(p) for _, p, _ in parts) <= 3 * RATE


def test_noise_and_silence_are_no_speech() -> None:
    assert len(speech_ranges(np.zeros(3 * RATE, np.float32))) == 0
    assert len(speech_ranges(noise(3.0))) == 0


def test_speech_is_cut_at_its_pauses() -> None:
    """Two sentences with a pause between, cut near the pause and not in a word."""
    first, _ = speak("The quick brown fox jumps over the lazy dog.")
    second, _ = speak("She sells sea shells by the sea shore.")
    waveform = np.concatenate([first, second])
    (cut, _, _) = list(split_at_pauses(MediaItem.from_audio(waveform, RATE), len(first) + RATE, vad=True))[1]
    assert abs(cut - len(first)) < RATE // 2
    assert len(speech_ranges(waveform)) > 0


@needs_speech
def test_ranges_are_within_the_waveform_in_order_and_apart() -> None:
    """Half-open, sorted, inside."""
    speech, _ = speak("One, two, three.", margin_s=1.0)
    ranges = speech_ranges(np.concatenate([speech, np.zeros(3 * RATE, np.float32), speech]))
    assert ranges.dtype == np.int64
    edges = ranges.flatten()
    assert edges[0] >= 0
    assert (np.diff(edges) > 0).all()


@needs_speech
def test_extracted_speech_is_the_ranges_joined() -> None:
    """Nothing but the ranges, in order."""
    speech, _ = speak("One, two, three.", margin_s=1.0)
    waveform = np.concatenate([speech, np.zeros(3 * RATE, np.float32), speech])
    ranges = speech_ranges(waveform, pause_ms=180, pad_ms=90)
    joined = np.concatenate([waveform[a:b] for a, b in ranges])
    np.testing.assert_array_equal(extract_speech(waveform, pause_ms=180, pad_ms=90), joined)


@pytest.mark.parametrize("num_samples", [0, RATE])
def test_silence_has_no_speech_to_extract(num_samples: int) -> None:
    """An empty waveform, of the same type."""
    speech = extract_speech(np.zeros(num_samples, np.float32), pause_ms=180, pad_ms=90)
    assert speech.shape == (0,)
    assert speech.dtype == np.float32


def test_recognisers_of_one_clip_share_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two programs for Whisper and SenseVoice look for speech once; another clip is looked through anew."""
    seen: list[int] = []
    find = detector.speech_ranges
    monkeypatch.setattr(detector, "speech_ranges", lambda wave, **options: (seen.append(len(wave)), find(wave))[1])
    waveform = noise(1.0)
    for clips in (1, 2):
        with MediaItem.from_audio(waveform, RATE) as media:
            found = [
                next(iter(get_extractor(name).windows(media))).inputs["spoken"]  # type: ignore[attr-defined]
                for name in ("sensevoice", "glm_asr", "whisper_transformers")
            ]
        assert all(np.array_equal(ranges, found[0]) for ranges in found)
        assert seen == [RATE] * clips
