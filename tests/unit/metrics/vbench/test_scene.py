"""Scene, as a judge describes it."""

from __future__ import annotations

from typing import Any

import pytest

from avmeter.errors import SkipCode
from avmeter.metrics.vbench.scene import Scene
from avmeter.sample import Sample
from support.judge import answered


@pytest.mark.parametrize(("caption", "score"), [("A train at a busy Station.", 1.0), ("A train on a bridge.", 0.0)])
def test_all_words_of_the_scene_must_be_in_the_description(caption: str, score: float) -> None:
    """In any case; what was found stands in the details."""
    sample = Sample.of({"video": "a.mp4", "auxiliary_info": {"scene": "Train station"}})
    found = Scene(backbone="judge").score(sample, answered(caption))
    assert found.score == score
    assert found.details["keywords"] == ["train", "station"]
    assert found.details["caption"] == caption.lower()


@pytest.mark.parametrize(("info", "field"), [(None, "auxiliary_info"), ({"color": "red"}, None), ({"scene": 3}, None)])
def test_sample_without_a_scene_is_a_skip(info: Any, field: str | None) -> None:
    """The judge is not asked."""
    skip = Scene(backbone="judge", model="m").check(Sample.of({"video": "a.mp4", "auxiliary_info": info}))
    assert skip is not None
    assert (skip.code, skip.field) == (SkipCode.MISSING_INPUT, field)
