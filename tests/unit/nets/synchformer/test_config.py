"""Sizes of Synchformer."""

from __future__ import annotations

import pytest

from avmeter.nets.synchformer import SynchformerConfig


@pytest.mark.parametrize(
    "wrong",
    [{"parts": ()}, {"parts": ("sound",)}, {"dim": 100, "num_heads": 12}, {"image_size": 230}, {"num_frames": 15}],
)
def test_sizes_that_do_not_fit_are_refused(wrong: dict[str, object]) -> None:
    """A configuration is checked at birth."""
    with pytest.raises(ValueError):
        SynchformerConfig(**wrong)  # type: ignore[arg-type]


def test_published_sizes_are_those_of_the_paper() -> None:
    """8 x 196 video tokens and 12 x 6 sound tokens a segment; 14 segments make a sequence of 198."""
    published = SynchformerConfig()
    assert published.video_grid == (8, 196)
    assert published.audio_grid == (12, 6)
    assert published.sequence_length == 2 + 14 * (8 + 6)
