"""Mean squared error of Physics-IQ."""

from __future__ import annotations

import numpy as np
import pytest

from support.physics_iq import scored

NAME = "physics_iq.mse"


def test_levels_are_squared_on_a_scale_of_one_and_rounded() -> None:
    """51 levels of 255 are 0.2; a single level is nothing in 4 decimals; the longer clip is cut with a note."""
    grey = np.full((20, 40, 40, 3), 100, np.uint8)
    assert scored(NAME, grey + 51, grey).score == pytest.approx(0.04)
    assert scored(NAME, grey + 1, grey).score == 0
    short = scored(NAME, grey[:12] + 51, grey)
    assert short.details["per_frame"] == [0.04] * 12
    assert short.details["note"] == "12 generated frames against 20: the first 12 of each were compared"
