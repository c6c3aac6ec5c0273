"""The rate beside the bar."""

from __future__ import annotations

import pytest

from avmeter.cli.progress import _format_rate


@pytest.mark.parametrize(
    ("done", "elapsed", "shown"), [(0, 5.0, ""), (3, 0.0, ""), (30, 4.0, "7.5 clips/s"), (3, 60.0, "20.0 s/clip")]
)
def test_slow_clips_have_a_rate_above_nought(done: int, elapsed: float, shown: str) -> None:
    """A clip a minute is not "0.0 clips/s"."""
    assert _format_rate(done, elapsed) == shown
