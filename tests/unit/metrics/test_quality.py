"""Details of quality metrics: flags of the extractor become one warning."""

from __future__ import annotations

import pytest

from avmeter.metrics.quality import quality_details


def test_facts_of_an_ordinary_clip_are_the_details() -> None:
    """Flags that are not raised leave no trace."""
    assert quality_details({"mos": 3.0, "silent": False, "high_band_only": False}) == {"mos": 3.0}


@pytest.mark.parametrize(("flag", "word"), [("silent", "silence"), ("high_band_only", "no energy below 8 kHz")])
def test_raised_flag_becomes_a_warning(flag: str, word: str) -> None:
    """The reader of a result gets a sentence."""
    details = quality_details({"mos": 3.0, "silent": False, "high_band_only": False, flag: True})
    assert details.keys() == {"mos", "warning"}
    assert word in details["warning"]
