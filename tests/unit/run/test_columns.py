"""Columns by which a run can be grouped: id, texts and extras, by their names."""

from __future__ import annotations

import pytest

from avmeter.errors import UnknownNameError
from avmeter.run.columns import column_names, column_values
from avmeter.sample import as_samples

SAMPLES = as_samples(
    [
        {"id": "a", "audio": "a.wav", "language": "en", "speaker": "eva", "seed": 3},
        {"id": "b", "audio": "b.wav", "text_prompt": " a dog "},
    ]
)


def test_values_are_text_or_absent() -> None:
    """Of fields and of extras, with the prefix of the tables or without."""
    assert column_values(SAMPLES, "id") == ["a", "b"]
    assert column_values(SAMPLES, "language") == ["en", None]
    assert column_values(SAMPLES, "speaker") == column_values(SAMPLES, "extra.speaker") == ["eva", None]
    assert column_values(SAMPLES, "seed") == ["3", None]


def test_unknown_column_names_those_there_are() -> None:
    """A field that no sample has is unknown too."""
    assert column_names(SAMPLES) == ["id", "text_prompt", "language", "speaker", "seed"]
    with pytest.raises(UnknownNameError, match="unknown column of the samples `speakr`") as error:
        column_values(SAMPLES, "speakr")
    assert "speaker" in error.value.hint
    with pytest.raises(UnknownNameError):
        column_values(SAMPLES, "reference_text")
