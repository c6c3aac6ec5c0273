"""What both towers of Synchformer do the same."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import UnknownNameError
from avmeter.features.base import get_extractor
from avmeter.features.synchformer.base import check_short_rule, segments_to_encode

EXTRACTORS = ("synchformer_audio", "synchformer_video", "synchformer_offset")


@pytest.mark.parametrize("num_segments", [14, 45, 46])
def test_clip_of_up_to_15_s_is_encoded_whole(num_segments: int) -> None:
    """46 segments are 15.04 s."""
    assert segments_to_encode(num_segments, whole=False) == list(range(num_segments))


def test_of_a_longer_clip_only_its_ends_are_encoded() -> None:
    """The first 14 segments, and the last 30: where the sides differ in length, the shorter one's end lies earlier."""
    assert segments_to_encode(47, whole=False) == [*range(14), *range(17, 47)]
    assert segments_to_encode(500, whole=False) == [*range(14), *range(470, 500)]
    assert segments_to_encode(500, whole=True) == list(range(500))


@pytest.mark.parametrize("name", EXTRACTORS)
@pytest.mark.parametrize(("options", "message"), [({"short": "lop"}, "loop"), ({"protocol": "fastvid"}, "fastvideo")])
def test_unknown_rules_and_protocols_are_refused_with_near_misses(
    name: str, options: dict[str, str], message: str
) -> None:
    """At birth, before a clip is decoded."""
    with pytest.raises(UnknownNameError) as caught:
        get_extractor(name, **options)
    assert message in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("short", [None, "loop", "pad"])
def test_known_rules_are_returned_as_they_are(short: str | None) -> None:
    """None is the rule that skips."""
    assert check_short_rule(short) == short


@pytest.mark.parametrize("name", EXTRACTORS[:2])
def test_pooled_features_have_the_numbers_of_their_segments(name: str) -> None:
    """Numbers are an array beside the features and no fact; the other facts stay."""
    extractor = get_extractor(name)
    outputs = [{"features": np.full((2, 3), i)} for i in range(3)]
    facts = {"segments": [0, 1, 7], "num_segments": 8, "stretched": None}
    pooled = extractor.pool(outputs, [], facts)  # type: ignore[attr-defined]
    assert pooled["segments"].tolist() == [0, 1, 7]
    assert pooled["features"].shape == (3, 2, 3)
    assert pooled.facts == {"num_segments": 8, "stretched": None}
