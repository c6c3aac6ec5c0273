"""`avmeter weights list`."""

from __future__ import annotations

import pytest

from avmeter.cli.weights import _format_size


@pytest.mark.parametrize(
    ("sizes", "shown"),
    [
        ([345_000_000], "345 MB"),
        ([224_860], "0.2 MB"),
        ([None, 5_422, 798_293], "unknown"),
        ([], "unknown"),
        ([2_000_000_000, 352_000_000], "2,352 MB"),
    ],
)
def test_size_is_that_of_all_files(sizes: list[int | None], shown: str) -> None:
    """Small files whose size is known do not stand for a large one whose size is not."""
    assert _format_size(sizes) == shown
