"""Faces by BlazeFace: the picture that it reads, and the way back."""

from __future__ import annotations

import numpy as np

from avmeter.features.faces.blazeface import BlazeFaces, letterboxed


def test_frame_lies_in_the_middle_of_a_black_square() -> None:
    """Twice as wide as high: a quarter of the rows above and below is black."""
    found = letterboxed(np.full((64, 128, 3), 200, np.uint8), 32)
    assert (found[:7] == 0).all()
    assert (found[-7:] == 0).all()
    assert (found[9:-9] == 200).all()


def test_boxes_come_back_in_pixels_of_the_frame() -> None:
    """The black is taken off; what has no area or a low score is no face."""
    boxes = np.array([[0.25, 0.5, 0.5, 0.75], [0.5, 0.5, 0.5, 0.6], [0.1, 0.1, 0.2, 0.2]])
    found, scores = BlazeFaces().chosen(boxes, np.array([0.9, 0.9, 0.4]), (200, 100))
    assert found.tolist() == [[50, 50, 100, 100]]
    assert scores.tolist() == [0.9]
