"""Borders of frames."""

from __future__ import annotations

import torch

from avmeter.nets.border import Border


def test_sides_become_multiples_with_half_of_the_border_before() -> None:
    """The odd pixel behind, the outermost pixels repeated, and all of it cut off again."""
    border = Border.up_to(8, height=13, width=16)
    assert border == Border(left=0, right=0, top=1, bottom=2)
    frames = torch.arange(13.0 * 16).reshape(1, 1, 13, 16)
    padded = border.added(frames)
    assert padded.shape == (1, 1, 16, 16)
    assert padded[0, 0, 0].equal(frames[0, 0, 0])
    assert padded[0, 0, -1].equal(frames[0, 0, -1])
    assert border.removed(padded).equal(frames)
