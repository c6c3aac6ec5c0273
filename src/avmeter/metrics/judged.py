"""Metrics that ask a vision-language model: what they need, and what is said when it is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from avmeter.errors import SkipCode, SkipError, UnknownNameError
from avmeter.metrics.base import FeatureSet, Metric, Need, Obstacle
from avmeter.metrics.option_values import require_at_least
from avmeter.protocols import FASTVIDEO
from avmeter.result import MetricResult, Skip
from avmeter.runtime.environment import judge_settings
from avmeter.sample import Sample
from avmeter.text.judge_questions import YES, target_of

_JUDGE = "judge"
GRIT = ("grit", "the detector GRiT with detectron2")
"""The network of four dimensions of VBench as an option, and in words."""
NEEDS = (
    "an endpoint of a vision-language model that speaks OpenAI's chat completions: AVMETER_JUDGE_URL, "
    "AVMETER_JUDGE_MODEL and, where it asks for one, AVMETER_JUDGE_KEY"
)


def judge_variables(model: str | None) -> tuple[str, ...]:
    """Return the environment variables that a judge needs beside the option `model`."""
    return ("AVMETER_JUDGE_URL",) if model else ("AVMETER_JUDGE_URL", "AVMETER_JUDGE_MODEL")


def judge_model(model: str | None) -> str:
    """Return the model that is asked: an option, or what the environment says; "" where neither does."""
    return model or judge_settings().model or ""


def without_judge(model: str | None) -> Obstacle | None:
    """Return that there is nobody to ask, or None. With a model alone, answers of the feature store are used."""
    if judge_model(model):
        return None
    return Obstacle(
        code=SkipCode.DEPENDENCY_MISSING,
        reason=f"needs {NEEDS}",
        hint="such as AVMETER_JUDGE_URL=http://localhost:8000/v1 AVMETER_JUDGE_MODEL=Qwen/Qwen2.5-VL-7B-Instruct",
    )


class JudgedMetric(Metric):
    """A metric of clips whose published network is not here, and that a judge can answer in place of it.

    Args:
        backbone: The published network, whose results are skips that say so; or "judge".
        model: Name of the model at the endpoint, default is that of AVMETER_JUDGE_MODEL.
        num_images: Frames of a clip that the judge is shown.
        protocol: Makes no difference here.

    Attributes:
        question: Name of what is asked.
        published: Name of the published network as an option.
        needs_network: The same in words.
        text_fields: Fields of a sample that the question reads, in the order of the extractor.
    """

    direction = "higher"
    question: ClassVar[str]
    published: ClassVar[str]
    needs_network: ClassVar[str]
    text_fields: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        *,
        backbone: str | None = None,
        model: str | None = None,
        num_images: int = 16,
        protocol: str = FASTVIDEO,
    ) -> None:
        super().__init__(protocol=protocol)
        backbone = backbone or self.published
        if backbone not in self.choices()["backbone"]:
            raise UnknownNameError.among("backbone", backbone, self.choices()["backbone"])
        require_at_least(1, num_images=num_images)
        self.backbone = backbone
        self.model = model
        self.num_images = num_images
        self.variables = judge_variables(model) if backbone == _JUDGE else ()

    @classmethod
    def choices(cls) -> Mapping[str, Sequence[str]]:
        return {**super().choices(), "backbone": (cls.published, _JUDGE)}

    def options(self) -> Mapping[str, Any]:
        own = {"model": judge_model(self.model) or None, "num_images": self.num_images}
        return {**super().options(), "backbone": self.backbone, **(own if self.backbone == _JUDGE else {})}

    @property
    def needs(self) -> tuple[Need, ...]:
        options = {"question": self.question, "model": judge_model(self.model), "num_images": self.num_images}
        fields = ("video", *self.text_fields)
        return (Need(name="judge", field=fields, extractor="judge_answer", options=options),)

    def obstacle(self) -> Obstacle | None:
        """Return that the published network is not here, or that nobody can be asked."""
        if self.backbone == _JUDGE:
            return without_judge(self.model)
        return Obstacle(
            code=SkipCode.UNSUPPORTED,
            reason=f"needs {self.needs_network}, which is not in avmeter",
            hint=f"{self.name}@judge asks a vision-language model in its place: a number of another kind",
            labels=(_JUDGE,),
        )

    def check(self, sample: Sample) -> Skip | None:
        """Say that no sample can have a score here, or that nothing is there to ask."""
        obstacle = self.obstacle()
        if obstacle is not None:
            return obstacle.skip(f"{self.name}@judge" if self.backbone == _JUDGE else self.name)
        try:
            info, prompt = (sample.described(name) for name in ("auxiliary_info", "text_prompt"))
            target_of(self.question, info=info, prompt=prompt)
        except SkipError as error:
            if all(sample.has(name) for name in self.text_fields):  # else the engine says which one is not there
                return Skip(code=error.code, reason=f"{sample.id}: {error.message}", hint=error.hint, field=None)
        return None

    def result(self, features: FeatureSet, score: float, details: Mapping[str, Any]) -> MetricResult:
        """Return a score with who answered."""
        facts = features["judge"].facts
        about = {name: facts[name] for name in ("model", "answered_by", "prompt_version", "times_s")}
        return MetricResult(self.name, score, {**details, "backbone": self.backbone, **about})


class FramesJudged(JudgedMetric):
    """A metric over an answer for each frame that was shown."""

    range = (0.0, 1.0)

    def share_of_frames(self, features: FeatureSet) -> MetricResult:
        """Return the share of frames to which the judge says yes."""
        answers = features["judge"].facts["answer"]
        num_matching = answers.count(YES)
        details = {"matching_frames": num_matching, "total_frames": len(answers), "per_frame": answers}
        return self.result(features, num_matching / len(answers), details)
