"""Spellings of column names are compared without what people vary."""

from __future__ import annotations

import pytest

from avmeter.manifest.aliases import ALIASES, CLIP, GROUND_TRUTHS, KEYS, SPEAKER_PROMPTS, SPEECH_SIGNS, spelling


@pytest.mark.parametrize("name", ["video_id", "Video ID", "videoId", "# video-id", "VIDEO.ID"])
def test_case_separators_and_signs_do_not_count(name: str) -> None:
    """One column in five tables."""
    assert spelling(name) == "videoid"


def test_letters_of_other_scripts_stay() -> None:
    """A name is not emptied."""
    assert spelling("文本 1") == "文本1"


def test_every_alias_means_a_key() -> None:
    """And every key means itself."""
    assert set(ALIASES.values()) == {*KEYS, CLIP}
    assert all(ALIASES[spelling(key)] == key for key in KEYS)


def test_tables_of_spellings_are_spellings() -> None:
    """A name that is written otherwise would never be found."""
    assert all(spelling(name) == name for name in (*ALIASES, *GROUND_TRUTHS, *SPEAKER_PROMPTS, *SPEECH_SIGNS))
