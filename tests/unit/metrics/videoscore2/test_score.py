"""Three marks of a judge."""

from __future__ import annotations

import pytest

from avmeter.metrics.videoscore2.score import VideoScore2
from avmeter.sample import Sample
from support.judge import answered


def test_score_is_the_mean_of_three_marks() -> None:
    """Each in the details."""
    marks = {"visual_quality": 4.0, "text_alignment": 5.0, "physical_consistency": 1.5}
    found = VideoScore2(backbone="judge").score(Sample(id="a"), answered(marks))
    assert found.score == pytest.approx(3.5)
    assert marks.items() <= found.details.items()
