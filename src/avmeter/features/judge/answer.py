"""What a judge answers to one question about one clip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from avmeter.features.base import Features, Window
from avmeter.features.judge.base import JudgeExtractor, images_in, inputs_of
from avmeter.registry import register_extractor


@register_extractor("judge_answer")
class JudgeAnswer(JudgeExtractor):
    """Fact `answer`: a choice for each image, a description, or marks by name; `times_s` of the images."""

    clips = ("video",)

    def __init__(self, *, question: str = "scene", model: str = "", num_images: int = 16) -> None:
        super().__init__(question=question, model=model, num_images=num_images)

    def windows(self, media: Mapping[str, Features]) -> Iterator[Window]:
        images = media["video"]
        yield Window(inputs={**inputs_of(images), "question": self.asked(media, len(images["sizes"]))})

    def facts(self, media: Mapping[str, Features]) -> Mapping[str, Any]:
        return {"times_s": media["video"]["times_s"].tolist(), "num_frames": media["video"].facts["num_frames"]}

    def captioned(self, window: Window) -> list[tuple[str, bytes]]:
        images = images_in(window.inputs)
        return [(f"Picture {i} of {len(images)}:", image) for i, image in enumerate(images, 1)]

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        (answer,), about = self.answers(outputs)
        return Features(facts={"answer": answer, **about, **facts})
