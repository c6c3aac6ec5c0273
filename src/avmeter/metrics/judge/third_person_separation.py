"""Third-person separation: in which of two videos is a character better told apart from its world?

Videos of two systems, made from one first frame under one control signal (`text_prompt`), are shown to a
vision-language model at an endpoint that you name (`AVMETER_JUDGE_URL`, `AVMETER_JUDGE_MODEL`, `AVMETER_JUDGE_KEY`),
which says which is better: the system under test in `video`, the other one in `reference`. Both orders are asked, and
where they contradict each other the pair is a tie (`order_disagreements` counts these). The score is the share of wins
among the pairs that were decided. Without an endpoint the result is a skip that says what it needs. Model and version
of the question stand in the details: scores of different ones do not compare.

Differs from FastVideo: any endpoint that speaks OpenAI's chat completions, in place of Gemini; frames, in place of the
files; a question of our own; two calls, one in each order, in place of three of which two have one order; a call that
fails is a skip, where FastVideo counts a tie; the first frame (`image_path`) is not shown beside the videos.

A good value: above 0.5, of a set of pairs; the interval over pairs says how sure that is.
Not seen: anything between the frames that are shown. A judge has a taste of its own, and may know the systems' looks.

Source: FastVideo, `fastvideo/eval/metrics/judge/third_person_separation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from avmeter.errors import SkipCode, SkipError
from avmeter.metrics.base import CorpusMetric, FeatureSet, Need, Obstacle
from avmeter.metrics.judged import judge_model, judge_variables, without_judge
from avmeter.metrics.option_values import require_at_least
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample
from avmeter.text.judge_questions import PROMPT_VERSION


@dataclass(frozen=True)
class PairCounts:
    """Pairs by how they were decided.

    Attributes:
        wins: Of the generated videos.
        losses: Of these.
        ties: In both orders, or because the orders contradict each other.
        order_disagreements: How many ties are of the second kind.
    """

    wins: int = 0
    losses: int = 0
    ties: int = 0
    order_disagreements: int = 0

    def plus(self, other: PairCounts) -> PairCounts:
        """Return the counts of both."""
        return PairCounts(
            self.wins + other.wins,
            self.losses + other.losses,
            self.ties + other.ties,
            self.order_disagreements + other.order_disagreements,
        )

    @property
    def win_rate(self) -> float | None:
        """Share of wins among the pairs that were decided; None if there is none."""
        decided = self.wins + self.losses
        return self.wins / decided if decided else None

    def named(self) -> dict[str, Any]:
        """Return the counts as details of a result."""
        n = self.wins + self.losses + self.ties
        counts = {"n": n, "wins": self.wins, "losses": self.losses, "ties": self.ties}
        return {**counts, "order_disagreements": self.order_disagreements}


@dataclass(frozen=True)
class JudgedPairs:
    """State: all pairs, those of each `action`, and who judged."""

    all: PairCounts = field(default_factory=PairCounts)
    by_action: dict[str, PairCounts] = field(default_factory=dict)
    answered_by: set[str] = field(default_factory=set)


@register("judge.third_person_separation")
class ThirdPersonSeparation(CorpusMetric):
    """Share of pairs that the generated video wins, 0 to 1, of those decided; higher is better.

    Args:
        model: Name of the model at the endpoint, default is that of AVMETER_JUDGE_MODEL.
        num_images: Frames of each video that the judge is shown.
        protocol: Makes no difference here.
    """

    direction = "higher"
    range = (0.0, 1.0)
    takes_references = False

    def __init__(self, *, model: str | None = None, num_images: int = 12, protocol: str = FASTVIDEO) -> None:
        super().__init__(protocol=protocol)
        require_at_least(1, num_images=num_images)
        self.model = model
        self.num_images = num_images
        self.variables = judge_variables(model)

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "model": judge_model(self.model) or None, "num_images": self.num_images}

    @property
    def needs(self) -> tuple[Need, ...]:
        options = {"model": judge_model(self.model), "num_images": self.num_images}
        fields = ("video", "reference", "text_prompt")
        return (Need(name="pair", field=fields, extractor="judge_pair", options=options),)

    def obstacle(self) -> Obstacle | None:
        """Return that nobody can be asked."""
        return without_judge(self.model)

    def start(self) -> JudgedPairs:
        return JudgedPairs()

    def update(self, state: JudgedPairs, sample: Sample, features: FeatureSet) -> JudgedPairs:
        facts = features["pair"].facts
        won, lost, tied = (int(facts["verdict"] == verdict) for verdict in ("generated", "reference", "tie"))
        pair = PairCounts(won, lost, tied, int(facts["orders_disagree"]))
        action = sample.extras.get("action")
        one = JudgedPairs(pair, {} if action is None else {str(action): pair}, {facts["answered_by"] or facts["model"]})
        return self.merge(state, one)

    def merge(self, a: JudgedPairs, b: JudgedPairs) -> JudgedPairs:
        actions = dict.fromkeys((*a.by_action, *b.by_action))
        none = PairCounts()
        by_action = {name: a.by_action.get(name, none).plus(b.by_action.get(name, none)) for name in actions}
        return JudgedPairs(a.all.plus(b.all), by_action, a.answered_by | b.answered_by)

    def finish(self, state: JudgedPairs) -> MetricResult:
        counts = state.all.named()
        if not counts["n"]:
            missing = self.obstacle()
            if missing is not None:
                raise SkipError(missing.code, f"{self.name} {missing.reason}", hint=missing.hint)
            raise SkipError(SkipCode.TOO_FEW_SAMPLES, f"{self.name}: 0 clips were judged")
        score = state.all.win_rate
        if score is None:
            raise SkipError(SkipCode.NO_EVENTS, f"{self.name}: all {counts['n']} pairs of clips are ties")
        per_action = {
            name: {**state.by_action[name].named(), "win_rate": state.by_action[name].win_rate}
            for name in sorted(state.by_action)
        }
        answered_by = sorted(state.answered_by)
        about = {"model": judge_model(self.model), "answered_by": answered_by, "prompt_version": PROMPT_VERSION}
        return MetricResult(
            self.name, score, {**counts, "win_rate_excl_ties": score, "per_action": per_action, **about}
        )
