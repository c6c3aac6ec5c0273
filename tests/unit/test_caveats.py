"""Every caveat has one code and one sentence, in one place."""

from __future__ import annotations

import dataclasses

from avmeter.caveats import SENTENCES, Caveat, CaveatCode


def test_every_code_has_a_sentence() -> None:
    """None without, none twice."""
    assert set(SENTENCES) == set(CaveatCode)
    own_words = [s for s in SENTENCES.values() if s != "{what}"]
    assert len(set(own_words)) == len(own_words)


def test_sentence_has_the_measured_values() -> None:
    """And how many clips it concerns, where it concerns clips."""
    caveat = Caveat.of(CaveatCode.FEWER_CLIPS_THAN_DIMENSIONS, num_embeddings=8, dim=768)
    assert caveat.text.startswith("n < d: 8 embeddings for 768 dimensions")
    assert caveat.to_record() == {"code": "fewer_clips_than_dimensions", "sentence": caveat.sentence}
    some = dataclasses.replace(Caveat.of(CaveatCode.LOOPING_TRANSCRIPT), num_clips=2, num_results=9)
    assert some.text.startswith("2 of 9: transcript goes in circles")
    assert some.to_record()["num_clips"] == 2
