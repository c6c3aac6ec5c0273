"""What questions about one clip and about two have in common."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.features.base import Features
from avmeter.features.judge.answer import JudgeAnswer
from avmeter.features.judge.base import images_in, inputs_of
from avmeter.features.judge.pair import JudgePair
from avmeter.text.judge_questions import PROMPT_VERSION

IMAGES = Features(arrays={"jpeg": np.frombuffer(b"aabbb", np.uint8), "sizes": np.array([2, 3])})


def test_images_come_back_as_they_went_into_a_window() -> None:
    """Of either side."""
    assert images_in(inputs_of(IMAGES)) == [b"aa", b"bbb"]
    assert images_in(inputs_of(IMAGES, "reference_"), "reference_") == [b"aa", b"bbb"]


def test_stored_answer_is_of_one_model_question_wording_and_number_of_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any other is asked anew."""
    made = JudgeAnswer(question="color", model="a", num_images=4)
    others = [
        JudgeAnswer(question="color", model="b", num_images=4),
        JudgeAnswer(question="object_class", model="a", num_images=4),
        JudgeAnswer(question="color", model="a", num_images=8),
    ]
    assert made.identity() == JudgeAnswer(question="color", model="a", num_images=4).identity()
    assert made.identity() not in [other.identity() for other in others]
    before = made.identity()
    assert made.version == PROMPT_VERSION
    monkeypatch.setattr(JudgeAnswer, "version", "of another wording")
    assert made.identity() != before


@pytest.mark.parametrize(
    ("question", "names"),
    [("scene", ["video"]), ("object_class", ["video", "info"]), ("color", ["video", "info", "prompt"])],
)
def test_parents_are_images_and_the_texts_of_the_question(question: str, names: list[str]) -> None:
    """In the order of the fields that a metric names."""
    assert list(JudgeAnswer(question=question).parents()) == names
    assert list(JudgePair().parents()) == ["generated", "reference", "prompt"]
