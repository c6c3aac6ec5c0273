"""Which of two videos a judge prefers, asked in both orders: models prefer what they see at a certain place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from avmeter.features.base import Features, Window
from avmeter.features.judge.base import JudgeExtractor, images_in, inputs_of
from avmeter.registry import register_extractor
from avmeter.text.judge_questions import FIRST, SECOND, TIE

_SIDES = ("generated", "reference")
_OF_ORDER = ({FIRST: "generated", SECOND: "reference", TIE: TIE}, {FIRST: "reference", SECOND: "generated", TIE: TIE})


@register_extractor("judge_pair")
class JudgePair(JudgeExtractor):
    """Fact `verdict`: "generated", "reference" or "tie"; `by_order`, what was said with each of them first.

    Where the orders contradict each other the verdict is "tie", and fact `orders_disagree` is true.
    """

    clips = _SIDES

    def __init__(self, *, question: str = "third_person_separation", model: str = "", num_images: int = 16) -> None:
        super().__init__(question=question, model=model, num_images=num_images)

    def windows(self, media: Mapping[str, Features]) -> Iterator[Window]:
        inputs = {name: array for side in _SIDES for name, array in inputs_of(media[side], f"{side}_").items()}
        inputs["question"] = self.asked(media, sum(len(media[side]["sizes"]) for side in _SIDES))
        for reference_first in (False, True):
            yield Window(inputs={**inputs, "reference_first": np.array(reference_first)})

    def captioned(self, window: Window) -> list[tuple[str, bytes]]:
        order = _SIDES[::-1] if window.inputs["reference_first"] else _SIDES
        shown = []
        for place, side in zip(("First", "Second"), order, strict=True):
            images = images_in(window.inputs, f"{side}_")
            shown += [(f"{place} video, picture {i} of {len(images)}:", image) for i, image in enumerate(images, 1)]
        return shown

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        answers, about = self.answers(outputs)
        by_order = [side_of[answer] for side_of, answer in zip(_OF_ORDER, answers, strict=True)]
        agreed = len(set(by_order)) == 1
        verdict = {"verdict": by_order[0] if agreed else TIE, "by_order": by_order, "orders_disagree": not agreed}
        return Features(facts={**verdict, **about})
