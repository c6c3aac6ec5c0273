"""Tracks by hand; those of the published program are in tests/parity."""

from __future__ import annotations

import numpy as np

from avmeter.stats.box_tracks import tracks_of_shot

BOX = np.array([0.0, 0, 10, 20])


def follow(*frames: list[np.ndarray], gap: int = 2) -> list[tuple[int, int, int]]:
    """Start, length and number of boxes of each track, from frame 100 on."""
    found = [np.reshape(boxes, (-1, 4)) for boxes in frames]
    tracks = tracks_of_shot(found, start=100, overlap=0.5, longest_gap=gap)
    return [(t.start, len(t.boxes), t.num_found) for t in tracks]


def test_boxes_that_overlap_the_last_are_one_track() -> None:
    """Whatever their order within a frame; the other one is a track of its own."""
    other = BOX + 50
    assert follow([BOX, other], [other + 1, BOX + 1], [BOX + 2]) == [(100, 3, 3), (100, 2, 2)]


def test_gap_is_bridged_up_to_its_longest() -> None:
    """Two steps are, three are not."""
    assert follow([BOX], [], [BOX]) == [(100, 3, 2)]
    assert follow([BOX], [], [], [BOX]) == [(100, 1, 1), (103, 1, 1)]
    assert follow() == []


def test_boxes_in_a_gap_lie_between_its_ends() -> None:
    """And the side is the longer one, on average."""
    (track,) = tracks_of_shot([BOX[None], np.zeros((0, 4)), BOX[None] + 2], start=0, overlap=0.5, longest_gap=2)
    np.testing.assert_allclose(track.boxes, [BOX, BOX + 1, BOX + 2])
    assert track.side == 20
