"""A drawn head whose mouth opens as far as it is told, in which networks of faces see a face."""

from __future__ import annotations

import numpy as np

BACKGROUND, HAIR, SKIN, NOSE, NOSTRIL = (90, 110, 130), (60, 40, 30), (215, 170, 140), (200, 150, 120), (150, 95, 80)
WHITE, IRIS, PUPIL, LIPS, INSIDE = (245, 245, 245), (50, 35, 25), (10, 10, 10), (175, 80, 80), (50, 15, 15)


def drawn_head(opening: float, side: int = 256) -> np.ndarray:
    """Return a picture (side, side, 3) uint8.

    Args:
        opening: Of the mouth, 0 to 1.
        side: Pixels.
    """
    y, x = np.mgrid[:side, :side] * (256 / side) + 128 / side
    picture = np.full((side, side, 3), BACKGROUND, np.float64)

    def ellipse(middle: tuple[float, float], half: tuple[float, float], colour: tuple[int, int, int]) -> None:
        beyond = np.hypot((x - middle[0]) / half[0], (y - middle[1]) / half[1]) - 1
        share = np.clip(0.5 - beyond * min(half) * side / 256 / 2, 0, 1)[..., None]  # an edge of two pixels
        picture[:] += share * (np.array(colour) - picture)

    ellipse((128, 118), (66, 84), HAIR)
    ellipse((128, 260), (24, 70), SKIN)
    ellipse((128, 130), (56, 76), SKIN)
    for eye in (104, 152):
        ellipse((eye, 112), (12, 6), WHITE)
        ellipse((eye, 112), (5, 5), IRIS)
        ellipse((eye, 112), (2, 2), PUPIL)
        ellipse((eye, 97), (15, 3), HAIR)
    ellipse((128, 132), (6, 18), NOSE)
    for nostril in (122, 134):
        ellipse((nostril, 147), (4, 2.5), NOSTRIL)
    ellipse((128, 172), (22, 6 + 10 * opening), LIPS)
    ellipse((128, 172), (17, 0.5 + 9 * opening), INSIDE)
    return np.rint(picture).astype(np.uint8)
