"""Asking a model behind an endpoint: what questions about one clip and about two have in common."""

from __future__ import annotations

import abc
from collections.abc import Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import numpy as np

from avmeter.errors import SkipError
from avmeter.features.base import DerivedExtractor, Extractor, Features, Window
from avmeter.features.judge.images import JudgeImages
from avmeter.features.judge.words import JudgeWords
from avmeter.runtime import Runtime
from avmeter.runtime.environment import judge_settings
from avmeter.sources.chat import NoAnswerError, ask
from avmeter.sources.endpoint_silence import EndpointSilence
from avmeter.text.judge_questions import INSTRUCTIONS, PROMPT_VERSION, question_text, read_answer, target_of

_TEXTS = {
    "object_class": ("info",), "multiple_objects": ("info",), "spatial_relationship": ("info",),
    "color": ("info", "prompt"), "scene": (), "videoscore2": ("prompt",), "third_person_separation": ("prompt",),
}  # fmt: skip


class JudgeExtractor(DerivedExtractor):
    """An extractor whose network is elsewhere. What was answered is stored under model, question, images and texts.

    Facts: what `pool` of each says, and `model`, `answered_by` (as the endpoint says), `prompt_version`.

    Args:
        question: Name of a question.
        model: Name of the model at the endpoint.
        num_images: Of each clip, at most.
    """

    option_names = ("question", "model", "num_images")
    version = PROMPT_VERSION
    is_concurrent = True
    batch_size = 4  # questions that are asked at once
    gpu_batch_size = 4
    clips: ClassVar[tuple[str, ...]]

    def __init__(self, *, question: str, model: str, num_images: int) -> None:
        self.question = question
        self.model = model
        self.num_images = num_images
        self._silence = EndpointSilence()

    def parents(self) -> Mapping[str, Extractor]:
        """Return the images of each clip, and the texts that the question reads."""
        images = {name: JudgeImages(num_images=self.num_images) for name in self.clips}
        return {**images, **{name: JudgeWords() for name in _TEXTS[self.question]}}

    @abc.abstractmethod
    def captioned(self, window: Window) -> list[tuple[str, bytes]]:
        """Return the images of a window in the order in which they are shown, and what stands before each."""

    def texts(self, media: Mapping[str, Features]) -> dict[str, str]:
        """Return the texts of a sample by name."""
        return {name: media[name].facts["text"] for name in _TEXTS[self.question]}

    def asked(self, media: Mapping[str, Features], num_images: int) -> np.ndarray:
        """Return the question about a sample as the bytes of its text.

        Raises:
            SkipError: As `target_of`.
        """
        target = target_of(self.question, **self.texts(media))
        return np.frombuffer(question_text(self.question, target, num_images=num_images).encode(), np.uint8)

    def batch_key(self, window: Window) -> Hashable:
        return self.question

    def run(self, windows: Sequence[Window], runtime: Runtime) -> list[dict[str, Any]]:
        """Ask about every window, some at once; one that has no answer fails alone, in `pool`."""
        with ThreadPoolExecutor(len(windows), "judge") as pool:
            return list(pool.map(self._ask, windows))

    def _ask(self, window: Window) -> dict[str, Any]:
        images = self.captioned(window)
        try:
            self._silence.require_answering()
            reply = ask(
                judge_settings(),
                model=self.model,
                instructions=INSTRUCTIONS,
                question=window.inputs["question"].tobytes().decode(),
                images=images,
            )
            self._silence.note(answered=True)
            answer = read_answer(self.question, reply.text, num_images=len(images))
        except NoAnswerError as error:
            self._silence.note(answered=False)
            return {"failure": error}
        except SkipError as error:
            return {"failure": error}
        return {"answer": answer, "answered_by": reply.model}

    def answers(self, outputs: Sequence[Mapping[str, Any]]) -> tuple[list[Any], dict[str, Any]]:
        """Return what was answered to each window, and facts about who answered.

        Raises:
            SkipError: A question has no answer.
        """
        for output in outputs:
            if "failure" in output:
                raise output["failure"]
        about = {"model": self.model, "answered_by": outputs[0]["answered_by"], "prompt_version": PROMPT_VERSION}
        return [output["answer"] for output in outputs], about


def inputs_of(images: Features, prefix: str = "") -> dict[str, np.ndarray]:
    """Return the images of a clip as inputs of a window."""
    return {f"{prefix}jpeg": images["jpeg"], f"{prefix}sizes": images["sizes"]}


def images_in(inputs: Mapping[str, np.ndarray], prefix: str = "") -> list[bytes]:
    """Return the images of a clip from the inputs of a window, each as JPEG."""
    data, ends = inputs[f"{prefix}jpeg"].tobytes(), np.cumsum(inputs[f"{prefix}sizes"]).tolist()
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]
