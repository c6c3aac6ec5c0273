"""Where faces are cut out; the pixels themselves are in tests/parity."""

from __future__ import annotations

import numpy as np

from avmeter.features.face_crops import Crops, by_tick, shots_of
from avmeter.stats.box_tracks import Track


def crops(box: list[float], num_frames: int = 20) -> Crops:
    return Crops.of(Track(start=0, boxes=np.tile(np.array(box, np.float64), (num_frames, 1)), num_found=num_frames))


def test_crop_reaches_further_below_than_above() -> None:
    """From the top of the box to 0.8 of half of it below; 1.4 halves to either side."""
    frame = np.zeros((100, 100, 3), np.uint8)
    frame[40:, 36:64] = 255  # of a box from 40 to 60: rows 40 to 67, columns 36 to 63
    assert (crops([40, 40, 60, 60]).cut(frame, 5, 28) == 255).all()
    assert (crops([40, 40, 60, 60]).cut(frame[:, :63], 5, 28)[:, -1] == 110).all()


def test_what_lies_beside_the_frame_is_grey_however_large() -> None:
    """A box of a million pixels costs no more memory than another one."""
    frame = np.full((10, 10, 3), 200, np.uint8)
    found = crops([-5e5, -5e5, 5e5, 5e5]).cut(frame, 5, 16)
    assert found.shape == (16, 16, 3)
    assert (found == 110).mean() > 0.9


def test_single_box_that_leaps_does_not_move_the_crop() -> None:
    """The median of 13."""
    boxes = np.tile(np.array([40.0, 40, 60, 60]), (20, 1))
    boxes[9] += 30
    smoothed = Crops.of(Track(start=0, boxes=boxes, num_found=20))
    assert set(smoothed.x.tolist()) == {50.0}


def test_shots_lie_between_cuts() -> None:
    """And their boxes are found by tick."""
    assert shots_of([3, 7], 10) == [(0, 3), (3, 7), (7, 10)]
    boxes = np.arange(12.0).reshape(3, 4)
    assert [len(b) for b in by_tick(boxes, np.array([3, 3, 5]), (3, 7))] == [2, 0, 1, 0]


def test_square_around_a_box_has_it_in_the_middle() -> None:
    """1.5 halves to every side, grey beside the frame."""
    frame = np.zeros((100, 100, 3), np.uint8)
    frame[35:65, 35:65] = 255  # of a box from 40 to 60
    assert (crops([40, 40, 60, 60]).cut_around(frame, 5, 30, reach=1.5) == 255).all()
    assert (crops([40, 40, 60, 60]).cut_around(frame[:, :60], 5, 30, reach=1.5)[:, -5:] == 110).all()
