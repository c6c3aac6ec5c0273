"""Prompt, sound and video by ImageBind: cosines of made-up embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features
from avmeter.metrics.audio.imagebind_score import ImageBindScore
from avmeter.metrics.av.imagebind_text_audio import ImageBindTextAudio
from avmeter.metrics.av.imagebind_text_video import ImageBindTextVideo
from avmeter.metrics.base import FeatureSet
from avmeter.sample import Sample

SAMPLE = Sample(id="clip")
READ = {"num_tokens": 5, "num_dropped": 0, "truncated": False}
METRICS = [(ImageBindTextAudio, "audio"), (ImageBindTextVideo, "video")]


def embedding(vector: Any, **facts: Any) -> Features:
    return Features(arrays={"embedding": np.array(vector, np.float32)}, facts=facts)


@pytest.mark.parametrize(("cls", "side"), METRICS)
@pytest.mark.parametrize(("other", "expected"), [([2, 0], 1), ([0, 3], 0), ([-1, 0], -1), ([1, 1], 0.5**0.5)])
def test_score_is_the_cosine_whatever_the_lengths(cls: Any, side: str, other: list[float], expected: float) -> None:
    """ImageBind scales texts and sounds, and not videos."""
    found = FeatureSet({"text": embedding([20, 0], **READ), side: embedding(other, num_windows=3)})
    result = cls().score(SAMPLE, found)
    assert result.score == pytest.approx(expected, abs=1e-7)
    assert result.details == {**READ, "scale": "cosine"}


@pytest.mark.parametrize(("cls", "side"), METRICS)
def test_prompt_that_was_cut_is_noted(cls: Any, side: str) -> None:
    """How many tokens it has, and how many were not read."""
    text = embedding([1, 0], num_tokens=90, num_dropped=13, truncated=True)
    result = cls().score(SAMPLE, FeatureSet({"text": text, side: embedding([1, 0])}))
    assert result.details["note"] == "the prompt has 90 tokens: the last 13 were not read"


@pytest.mark.parametrize(("cls", "side"), METRICS)
@pytest.mark.parametrize("bad", [[0, 0], [np.nan, 1], [np.inf, 1]])
def test_embedding_without_direction_is_a_skip(cls: Any, side: str, bad: list[float]) -> None:
    """No NaN, no 0 in place of a score."""
    with pytest.raises(SkipError) as caught:
        cls().score(SAMPLE, FeatureSet({"text": embedding([1, 0], **READ), side: embedding(bad)}))
    assert caught.value.code is SkipCode.NON_FINITE
    assert "clip" in caught.value.message


def test_all_scores_share_their_embeddings() -> None:
    """The same feature with the same options: a clip is seen and heard once, a prompt read once, for all of them."""

    def needs(metric: Any) -> set[tuple[str, str]]:
        return {(need.extractor, str(sorted(need.options.items()))) for need in metric.needs}

    pair, sound, video = (needs(cls()) for cls in (ImageBindScore, ImageBindTextAudio, ImageBindTextVideo))
    assert pair < sound | video
    assert sound & video == {("imagebind_text", "[]")}
    assert needs(ImageBindTextVideo(protocol="av-benchmark")) != video
    assert needs(ImageBindTextAudio(channel="mean")) != sound
