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
