"""Boxes around objects in a picture, left, top, right and bottom: how far two overlap, and one of those that do.

Letters: `N` boxes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.float64]
"""(N, 4): left, top, right, bottom, in any unit."""


def intersection_over_union(box: Boxes, boxes: Boxes) -> npt.NDArray[np.float64]:
    """Return the area that a box (4,) shares with each of N boxes over the area of both, 0 to 1; 0 of empty boxes."""
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:], boxes[:, 2:])
    shared = np.prod(np.maximum(0.0, high - low), axis=1)
    union = np.prod(box[2:] - box[:2]) + np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) - shared
    found: npt.NDArray[np.float64] = np.divide(shared, union, out=np.zeros(len(boxes)), where=union > 0)
    return found


def likeliest(boxes: Boxes, scores: npt.NDArray[np.float64], *, overlap: float) -> npt.NDArray[np.int64]:
    """Return which boxes stay, highest score first, when each removes those that overlap it by more.

    Args:
        boxes: (N, 4).
        scores: (N,).
        overlap: Intersection over union.
    """
    left = np.argsort(-scores, kind="stable")
    kept = []
    while len(left):
        kept.append(left[0])
        left = left[1:][intersection_over_union(boxes[left[0]], boxes[left[1:]]) <= overlap]
    return np.array(kept, np.int64)


def blended(boxes: Boxes, scores: npt.NDArray[np.float64], *, overlap: float) -> tuple[Boxes, npt.NDArray[np.float64]]:
    """Return a box for each group that overlaps its likeliest by more, and the score of that one, highest first.

    The box is the mean of the group, weighed by the scores.

    Args:
        boxes: (N, 4).
        scores: (N,).
        overlap: Intersection over union.

    Source: MediaPipe, `non_max_suppression_calculator.cc`, weighted.
    """
    left = np.argsort(-scores, kind="stable")
    found, found_scores = [], []
    while len(left):
        is_near = intersection_over_union(boxes[left[0]], boxes[left]) > overlap
        is_near[0] = True
        near = left[is_near]
        found.append(np.average(boxes[near], axis=0, weights=scores[near]))
        found_scores.append(scores[left[0]])
        left = left[~is_near]
    return np.array(found).reshape(-1, 4), np.array(found_scores)
