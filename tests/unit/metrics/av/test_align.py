"""AV-Align: peaks and their matching."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features
from avmeter.metrics.av.align import AvAlign, motion_peaks
from avmeter.metrics.base import FeatureSet
from avmeter.sample import Sample

TIMES = np.arange(20) / 10


def given(onsets: list[float], moving: list[int]) -> FeatureSet:
    magnitude = np.zeros(20)
    magnitude[moving] = 1.0
    return FeatureSet(
        {
            "onsets": Features(arrays={"times_s": np.array(onsets)}),
            "motion": Features(arrays={"times_s": TIMES, "magnitude": magnitude}),
        }
    )


@pytest.mark.parametrize(
    ("onsets", "moving", "expected"),
    [
        ([0.5, 1.0], [5, 10], 1.0),
        ([0.5, 1.0], [5, 15], 1 / 3),
        ([0.55], [5], 1.0),
        ([0.65], [5], 0.0),
        ([0.48, 0.52], [5], 1 / 2),
        ([0.5], [], 0.0),
        ([], [5], 0.0),
    ],
    ids=["all", "one of two", "within a frame", "beyond a frame", "one peak for two onsets", "no motion", "no sound"],
)
def test_score_is_intersection_over_union(onsets: list[float], moving: list[int], expected: float) -> None:
    """Every peak is claimed once; less than one frame apart is a match."""
    result = AvAlign().score(Sample(id="a"), given(onsets, moving))
    assert result.score == pytest.approx(expected)
    assert (result.details["num_onsets"], result.details["num_motion_peaks"]) == (len(onsets), len(moving))


def test_nothing_on_both_sides_is_a_skip() -> None:
    """There is nothing to align, which is not a 0."""
    with pytest.raises(SkipError) as caught:
        AvAlign().score(Sample(id="a"), given([], []))
    assert caught.value.code == SkipCode.NO_EVENTS


def test_rounding_is_no_motion() -> None:
    """Peaks below a thousandth of a pixel do not count."""
    magnitude = np.array([0.0, 5e-4, 0.0, 0.5, 0.0])
    assert motion_peaks(TIMES[:5], magnitude).tolist() == [0.3]


def test_events_that_only_one_side_could_have_are_left_out_and_said_so() -> None:
    """Sound behind the video, or video behind the sound, is compared with nothing: it counts on neither side."""
    longer_sound = given([0.5, 1.0, 2.0, 2.05, 5.0, 7.0], [5, 10])
    longer_sound["onsets"] = Features(arrays=longer_sound["onsets"].arrays, facts={"duration_s": 8.0})
    result = AvAlign().score(Sample(id="a"), longer_sound)
    assert result.score == pytest.approx(2 / 4)  # the video ends at 2 s; a frame later its last one could match
    assert (result.details["num_onsets"], result.details["num_left_out"]) == (4, 2)
    assert "the sound ends at 8.00 s and the video at 2.00 s" in result.details["note"]
    longer_video = given([0.5], [5, 10, 15])
    longer_video["onsets"] = Features(arrays=longer_video["onsets"].arrays, facts={"duration_s": 0.8})
    result = AvAlign().score(Sample(id="a"), longer_video)
    assert result.score == 1.0
    assert (result.details["num_motion_peaks"], result.details["num_left_out"]) == (1, 2)


def test_events_outside_the_shared_part_alone_are_no_events() -> None:
    """Sound that begins when the video is over has nothing to be aligned with."""
    features = given([5.0], [])
    features["onsets"] = Features(arrays=features["onsets"].arrays, facts={"duration_s": 8.0})
    with pytest.raises(SkipError, match=r"within the 2\.00 s that sound and video share") as caught:
        AvAlign().score(Sample(id="a"), features)
    assert caught.value.code == SkipCode.NO_EVENTS


def test_equal_lengths_leave_nothing_out() -> None:
    """A codec's padding behind the video is no difference of length."""
    features = given([0.5], [5])
    features["onsets"] = Features(arrays=features["onsets"].arrays, facts={"duration_s": 2.05})
    result = AvAlign().score(Sample(id="a"), features)
    assert result.score == 1.0
    assert not {"num_left_out", "note"} & result.details.keys()
