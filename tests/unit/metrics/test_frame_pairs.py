"""What metrics of frames against a reference have in common."""

from __future__ import annotations

import pytest

from avmeter.errors import UnknownNameError
from avmeter.metrics.frame_pairs import check_form, with_counts


def test_note_stands_only_where_a_clip_was_cut() -> None:
    """Beside both lengths, which are there always."""
    equal = {"num_frames": 8, "num_generated_frames": 8, "num_reference_frames": 8}
    assert with_counts({"per_frame": []}, equal) == {**equal, "per_frame": []}
    assert with_counts({}, {**equal, "num_reference_frames": 9})["note"].startswith("8 generated frames against 9")


def test_unknown_form_is_refused() -> None:
    """A known one is returned."""
    assert check_form("standard") == "standard"
    with pytest.raises(UnknownNameError, match="fastvideo"):
        check_form("skimage")
