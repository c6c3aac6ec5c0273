"""Texts shared by all samples."""

from __future__ import annotations

from avmeter.manifest import with_texts


def test_own_text_of_a_sample_wins() -> None:
    """A shared text fills what is absent, and an absent text adds no key."""
    samples = [{"audio": "a.wav"}, {"audio": "b.wav", "text_prompt": "rain"}]
    assert with_texts(samples, text_prompt="a dog barks", language="en") == [
        {"audio": "a.wav", "text_prompt": "a dog barks", "language": "en"},
        {"audio": "b.wav", "text_prompt": "rain", "language": "en"},
    ]
    assert samples[0] == {"audio": "a.wav"}


def test_chosen_audio_track_is_that_of_generated_clips() -> None:
    """A shared track reaches every clip without one of its own, and no reference."""
    samples = [{"video": "a.mp4"}, {"video": "b.mp4", "audio_stream": 0}, {"video": "r.mp4", "role": "reference"}]
    assert [s.get("audio_stream") for s in with_texts(samples, audio_stream=1)] == [1, 0, None]
