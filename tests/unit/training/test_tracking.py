"""From results to trackers."""

from __future__ import annotations

import pytest

from avmeter.evaluator import Evaluator
from avmeter.training.trackers import ClipKind
from avmeter.training.tracking import log_results
from support.levels import samples_of
from support.trackers import ListTracker

pytestmark = pytest.mark.usefixtures("level_metrics")


def test_trackers_get_scalars_and_clips_they_can_show() -> None:
    """Names are the same at every step."""
    results = Evaluator(["user.level", "user.spread"], "cpu").evaluate(samples_of(0.3, 0.1, 0.2))
    tracker = ListTracker(ClipKind.AUDIO)
    assert log_results(results, [tracker], step=4, num_worst=1) == []
    assert tracker.steps == [4]
    assert tracker.scalars["val/user.level/mean"] == pytest.approx(0.2)
    assert tracker.scalars["val/user.spread/corpus"] == pytest.approx(0.2)
    assert tracker.clips.keys() == {"val/user.level/worst/0"}
    kind, caption, content = tracker.clips["val/user.level/worst/0"]
    assert (kind, caption, content[:4]) == (ClipKind.AUDIO, "1 · user.level 0.1", b"RIFF")


def test_tracker_that_fails_is_named_and_the_others_get_theirs() -> None:
    """A server that is down is no reason to lose a file."""
    results = Evaluator(["user.level"], "cpu").evaluate(samples_of(0.3))
    good = ListTracker()
    found = log_results(results, [ListTracker(fail=ConnectionError("no route")), good], step=1, num_worst=2)
    assert found == ["the list: ConnectionError: no route", "the list takes no clips: 1 were not logged"]
    assert good.steps == [1]


def test_clip_that_cannot_be_shown_is_named() -> None:
    """And the scalars are logged."""
    results = Evaluator(["user.level"], "cpu").evaluate_part(samples_of(0.3))
    merged = Evaluator(["user.level"], "cpu").merge([results])
    tracker = ListTracker(ClipKind.VIDEO)
    assert "nothing of it here" in log_results(merged, [tracker], step=1, num_worst=1)[0]
    assert tracker.scalars["val/user.level/scored"] == 1.0
