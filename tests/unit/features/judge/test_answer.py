"""An answer about one clip."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features
from avmeter.features.judge.answer import JudgeAnswer
from support.extractors import cpu_runtime
from support.judge import MODEL, judge_server

IMAGES = Features(
    arrays={
        "jpeg": np.frombuffer(b"aabbb", np.uint8), "sizes": np.array([2, 3]), "times_s": np.array([0.5, 1.5]),
    },
    facts={"num_frames": 20},
)  # fmt: skip


def test_answer_is_a_fact_with_who_gave_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Images are numbered, and the question quotes the object."""
    extractor = JudgeAnswer(question="object_class", model=MODEL)
    media = {"video": IMAGES, "info": Features(facts={"text": '{"object": "dog"}'})}
    windows = list(extractor.windows(media))
    with judge_server(lambda _: '{"answers": ["yes", "no"]}') as judge:
        judge.use(monkeypatch)
        outputs = extractor.run(windows, cpu_runtime())
    made = extractor.pool(outputs, windows, extractor.facts(media))
    assert made.facts == {
        "answer": ["yes", "no"], "model": MODEL, "answered_by": f"{MODEL}-0711", "prompt_version": "1",
        "times_s": [0.5, 1.5], "num_frames": 20,
    }  # fmt: skip
    texts = [part["text"] for part in judge.asked[0]["messages"][1]["content"] if part["type"] == "text"]
    assert texts[:2] == ["Picture 1 of 2:", "Picture 2 of 2:"]
    assert texts[2].endswith('DATA: {"object": "dog"}')


def test_question_without_an_answer_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others of its batch have theirs."""
    extractor = JudgeAnswer(model=MODEL)
    (window,) = extractor.windows({"video": IMAGES})
    replies = ['{"description": "a beach"}', "what?"]
    with judge_server(lambda _: replies.pop()) as judge:
        judge.use(monkeypatch)
        outputs = extractor.run([window, window], cpu_runtime())
    assert sorted("failure" in output for output in outputs) == [False, True]
    (failed,) = [output for output in outputs if "failure" in output]
    with pytest.raises(SkipError) as caught:
        extractor.pool([failed], [window], {})
    assert caught.value.code is SkipCode.UNUSABLE_ANSWER
