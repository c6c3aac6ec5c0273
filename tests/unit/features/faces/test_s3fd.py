"""Faces by S3FD: the picture that it reads; what stays of its boxes is in tests/parity."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.features.faces.s3fd import S3fdFaces, quartered


@pytest.mark.parametrize(("whole", "quarter"), [(854, 214), (850, 212), (128, 32), (131, 33)])
def test_sides_are_rounded_halves_to_the_even(whole: int, quarter: int) -> None:
    """213.5 and 212.5 among them."""
    assert quartered(np.zeros((whole, 128, 3), np.uint8)).shape == (quarter, 32, 3)


def test_frame_that_is_too_small_is_a_skip() -> None:
    """A quarter of it has no map."""
    with pytest.raises(SkipError, match="128 or more pixels") as caught:
        S3fdFaces().scaled(np.zeros((120, 300, 3), np.uint8))
    assert caught.value.code == SkipCode.TOO_SHORT
