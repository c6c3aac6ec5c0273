"""Color, as a judge sees it."""

from __future__ import annotations

import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.metrics.vbench.color import Color
from avmeter.sample import Sample
from support.judge import answered


def test_score_is_the_share_of_frames_with_the_object_that_have_the_color() -> None:
    """Frames without it do not count."""
    found = Color(backbone="judge").score(
        Sample(id="a"), answered(["no object", "same color", "other color", "same color"])
    )
    assert found.score == pytest.approx(2 / 3)
    assert (found.details["object_detected"], found.details["color_correct"]) == (3, 2)


def test_clip_without_the_object_has_no_score() -> None:
    """As VBench leaves it out; a 0 would say that the color is wrong."""
    with pytest.raises(SkipError) as caught:
        Color(backbone="judge").score(Sample(id="a"), answered(["no object"] * 3))
    assert caught.value.code is SkipCode.NO_EVENTS
