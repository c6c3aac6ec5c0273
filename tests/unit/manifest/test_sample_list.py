"""Samples come with the report of how they were put together."""

from __future__ import annotations

import warnings

import pytest

from avmeter.errors import ManifestError
from avmeter.manifest.draft import PairingDraft
from avmeter.manifest.report import PairingWarning
from avmeter.manifest.sample_list import SampleList, checked


def test_list_without_a_report_counts_its_samples() -> None:
    """So that its block can be printed."""
    assert SampleList([{"audio": "a.wav"}]).pairing.lines() == ["1 clip"]


def test_doubts_are_one_warning_or_an_error() -> None:
    """Nothing doubtful, nothing said."""
    doubtful = PairingDraft(num_generated=1, missing=["a"])
    with pytest.warns(PairingWarning, match="1 without a reference: a") as caught:
        assert checked([{}], doubtful, strict=False, stacklevel=2).pairing == doubtful.finished()
    assert caught[0].filename == __file__
    with pytest.raises(ManifestError, match="1 without a reference: a"):
        checked([{}], doubtful, strict=True, stacklevel=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        checked([{}], PairingDraft(num_generated=1), strict=True, stacklevel=2)
