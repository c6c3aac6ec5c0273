"""Which of two videos is preferred, in both orders."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from avmeter.features.base import Features
from avmeter.features.judge.pair import JudgePair
from support.extractors import cpu_runtime
from support.judge import MODEL, judge_server


def images(data: bytes) -> Features:
    arrays = {"jpeg": np.frombuffer(data, np.uint8), "sizes": np.array([len(data)]), "times_s": np.zeros(1)}
    return Features(arrays=arrays, facts={"num_frames": 1})


def verdict(winner: Callable[[bool], str], monkeypatch: pytest.MonkeyPatch) -> Features:
    """What comes of a judge who is told whether the generated video is shown first."""
    extractor = JudgePair(model=MODEL)
    media = {"generated": images(b"GGG"), "reference": images(b"RRR"), "prompt": Features(facts={"text": "go left"})}
    windows = list(extractor.windows(media))
    assert [extractor.captioned(window)[0][1] for window in windows] == [b"GGG", b"RRR"]
    assert [text for text, _ in extractor.captioned(windows[1])] == [
        "First video, picture 1 of 1:",
        "Second video, picture 1 of 1:",
    ]
    outputs = []
    for window in windows:
        answer = f'{{"winner": "{winner(not window.inputs["reference_first"])}"}}'
        with judge_server(lambda _, answer=answer: answer) as judge:
            judge.use(monkeypatch)
            outputs += extractor.run([window], cpu_runtime())
    return extractor.pool(outputs, windows, {})


@pytest.mark.parametrize(
    ("winner", "expected", "disagree"),
    [
        (lambda generated_first: "first" if generated_first else "second", "generated", False),
        (lambda generated_first: "second" if generated_first else "first", "reference", False),
        (lambda _: "first", "tie", True),
        (lambda _: "tie", "tie", False),
        (lambda generated_first: "first" if generated_first else "tie", "tie", True),
    ],
)
def test_only_what_both_orders_say_counts(
    winner: Callable[[bool], str], expected: str, disagree: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A judge who prefers a place prefers nothing, and that is said."""
    facts = verdict(winner, monkeypatch).facts
    assert (facts["verdict"], facts["orders_disagree"]) == (expected, disagree)
    assert len(facts["by_order"]) == 2
    assert facts["model"] == MODEL
