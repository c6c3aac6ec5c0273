"""Pairs of videos, and which of each a judge prefers."""

from __future__ import annotations

import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.judge.third_person_separation import JudgedPairs, ThirdPersonSeparation
from avmeter.sample import Sample
from support.judge import MODEL


def folded(metric: ThirdPersonSeparation, *verdicts: str, disagree: bool = False) -> JudgedPairs:
    state = metric.start()
    for i, verdict in enumerate(verdicts):
        facts = {"verdict": verdict, "orders_disagree": disagree, "answered_by": "", "model": MODEL}
        sample = Sample.of({"id": str(i), "action": "left" if i % 2 else "right"})
        state = metric.update(state, sample, FeatureSet({"pair": Features(facts=facts)}))
    return state


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "MODEL", "KEY"):
        monkeypatch.delenv(f"AVMETER_JUDGE_{name}", raising=False)


def test_score_is_the_share_of_wins_among_decided_pairs() -> None:
    """In all, and for each action."""
    metric = ThirdPersonSeparation(model=MODEL)
    found = metric.finish(folded(metric, "generated", "reference", "tie", "generated", "generated"))
    assert found.score == pytest.approx(0.75)
    assert {"wins": 3, "losses": 1, "ties": 1, "n": 5, "model": MODEL}.items() <= found.details.items()
    assert found.details["per_action"]["left"]["win_rate"] == pytest.approx(0.5)
    assert found.details["answered_by"] == [MODEL]


def test_orders_that_contradict_each_other_are_counted() -> None:
    """As ties, which alone decide nothing: a skip."""
    metric = ThirdPersonSeparation(model=MODEL)
    state = folded(metric, "tie", "tie", disagree=True)
    assert state.all.order_disagreements == 2
    with pytest.raises(SkipError, match="2 pairs") as caught:
        metric.finish(state)
    assert caught.value.code is SkipCode.NO_EVENTS


def test_without_anybody_to_ask_the_corpus_says_what_it_needs() -> None:
    """As each of its samples does."""
    metric = ThirdPersonSeparation()
    skip = metric.check(Sample.of({"video": "a.mp4"}))
    assert skip is not None
    with pytest.raises(SkipError) as caught:
        metric.finish(metric.start())
    assert caught.value.code is skip.code is SkipCode.DEPENDENCY_MISSING
    assert "AVMETER_JUDGE_URL" in caught.value.message
