"""Lines before a run."""

from __future__ import annotations

import pytest

from avmeter.cli.scoring.block import format_bytes


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (3_700, "3.7 kB"),
        (1_500_000, "1.5 MB"),
        (345_000_000, "345 MB"),
        (2_300_000_000, "2.3 GB"),
        (None, "size unknown"),
    ],
)
def test_size_is_in_the_unit_in_which_it_is_a_number(size: int | None, text: str) -> None:
    """A checkpoint of some kilobytes is no 0.0 MB."""
    assert format_bytes(size) == text
