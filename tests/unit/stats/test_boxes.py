"""Boxes by hand."""

from __future__ import annotations

import numpy as np

from avmeter.stats.boxes import blended, intersection_over_union, likeliest

BOXES = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30], [0, 0, 10, 9]], np.float64)
SCORES = np.array([0.5, 0.9, 0.7, 0.6])


def test_overlap_is_the_shared_area_over_that_of_both() -> None:
    """Itself, a third, none, nearly all; and 0 of a box without area."""
    np.testing.assert_allclose(intersection_over_union(BOXES[0], BOXES), [1, 1 / 3, 0, 0.9])
    assert intersection_over_union(np.zeros(4), np.zeros((1, 4))) == [0]


def test_likelier_boxes_remove_those_that_overlap_them_by_more() -> None:
    """The fourth removes the first; at a lower limit the second does."""
    assert likeliest(BOXES, SCORES, overlap=0.4).tolist() == [1, 2, 3]
    assert likeliest(BOXES, SCORES, overlap=0.3).tolist() == [1, 2]
    assert likeliest(BOXES[:0], SCORES[:0], overlap=0.3).tolist() == []


def test_blended_box_is_the_mean_of_its_group_by_score() -> None:
    """The first and the fourth, with the score of the likelier."""
    boxes, scores = blended(BOXES, SCORES, overlap=0.5)
    np.testing.assert_allclose(scores, [0.9, 0.7, 0.6])
    np.testing.assert_allclose(boxes[2], [0, 0, 10, (0.5 * 10 + 0.6 * 9) / 1.1])
    assert blended(BOXES[:0], SCORES[:0], overlap=0.5)[0].shape == (0, 4)
