"""Conditions of `--fail-if`: `METRIC > NUMBER` of a run, `METRIC > +NUMBER` of the difference of two.

condition = metric operator number
operator  = ">" | ">=" | "<" | "<="
number    = ["+" | "-"] digits ["." digits] ["e" digits]      a sign is required where it is a difference
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from avmeter.cli.exit_codes import EXIT_FAILED_CONDITION, EXIT_NOTHING
from avmeter.cli.messages import fail, join_names
from avmeter.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from avmeter.run import Comparison, EvalResults

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_CONDITION = re.compile(
    r"\s*(?P<metric>[^<>=\s](?:[^<>]*[^<>\s])??)\s*(?P<operator>>=|<=|>|<)\s*(?P<number>[^<>=\s]+)\s*"
)


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One condition.

    Attributes:
        metric: Name, written out.
        operator: ">", ">=", "<" or "<=".
        number: What the score is compared with.
        text: As it was written.
    """

    metric: str
    operator: str
    number: float
    text: str

    @classmethod
    def parse(cls, text: str, *, of_difference: bool = False) -> Condition:
        """Return the condition of a text.

        Args:
            text: As the user wrote it.
            of_difference: The number is a difference and must have a sign.

        Raises:
            UsageError: It has another form.
        """
        from avmeter.metrics.synonyms import full_name

        example = "'audio.wer > +0.01'" if of_difference else "'audio.wer > 0.05'"
        match = _CONDITION.fullmatch(text)
        if match is None or _NUMBER.fullmatch(match["number"]) is None:
            raise UsageError(
                f"--fail-if {text!r} is not of the form METRIC, >, >=, < or <=, NUMBER", hint=f"--fail-if {example}"
            )
        if of_difference and match["number"][0] not in "+-":
            raise UsageError(
                f"--fail-if {text!r}: of two runs the difference is compared, which has a sign",
                hint=f"--fail-if {example}",
            )
        return cls(
            metric=full_name(match["metric"]), operator=match["operator"], number=float(match["number"]), text=text
        )

    def holds(self, score: float) -> bool:
        """Return True if the score fulfils it."""
        return _OPERATORS[self.operator](score, self.number)


def require_metrics(conditions: Iterable[Condition], metrics: Iterable[str]) -> None:
    """Refuse conditions of metrics that a run does not compute, before anything is computed.

    Args:
        conditions: What was asked for.
        metrics: Names of the metrics of the run.

    Raises:
        UnknownNameError: There is no such metric at all.
        UsageError: The run does not have it.
    """
    from avmeter.registry import list_metrics

    names = list(metrics)
    known = {*list_metrics(), *names}
    for condition in conditions:
        if condition.metric in names:
            continue
        place = f"--fail-if {condition.text!r}"
        if condition.metric.partition("@")[0] not in known:
            raise UnknownNameError.among(f"metric in {place}:", condition.metric, known)
        raise UsageError(
            f"{place}: {condition.metric} is not among the metrics of this run", hint=f"it has: {join_names(names)}"
        )


def judged(conditions: Iterable[Condition], scores: Mapping[str, float | None]) -> list[dict[str, Any]]:
    """Return JSON values: each condition, its score, and whether it holds; None without a score."""
    return [
        {
            "condition": c.text,
            "metric": c.metric,
            "score": (score := scores.get(c.metric)),
            "holds": None if score is None else c.holds(score),
        }
        for c in conditions
    ]


def failed_conditions(conditions: Iterable[Condition], scores: Mapping[str, float | None]) -> list[str]:
    """Return a sentence for each condition that holds, or that cannot be judged for want of a score."""
    found = []
    for condition in conditions:
        score = scores.get(condition.metric)
        if score is None:
            why = "has no score" if condition.metric in scores else "is not in the results"
            found.append(f"--fail-if {condition.text!r}: {condition.metric} {why}")
        elif condition.holds(score):
            found.append(f"--fail-if {condition.text!r} holds: {condition.metric} is {score:.6g}")
    return found


def say_failed(sentences: Iterable[str]) -> None:
    """Print why a run fails."""
    for sentence in sentences:
        fail(sentence)


def code_after_conditions(code: int, conditions: Sequence[Condition], results: EvalResults) -> int:
    """Print which conditions fail a run, and return how its command ends; without conditions it is not summed up.

    Args:
        code: How the command ends without them. That nothing was scored says more than they do.
        conditions: Those of the run.
        results: The run.
    """
    failed = failed_conditions(conditions, scores_of_run(results)) if conditions else []
    say_failed(failed)
    return EXIT_FAILED_CONDITION if failed and code != EXIT_NOTHING else code


def scores_of_run(results: EvalResults) -> dict[str, float | None]:
    """Return the score of each metric: of the corpus where it has one, else the mean over clips."""
    scores: dict[str, float | None] = {}
    for name, facts in results.summary()["metrics"].items():
        corpus = facts["corpus"]
        scores[name] = corpus["score"] if corpus is not None and corpus["score"] is not None else facts["mean"]
    return scores


def differences(comparisons: Iterable[Comparison]) -> dict[str, float | None]:
    """Return the difference of each metric, B minus A: of the corpus scores where there are any."""
    return {c.metric: c.difference if c.corpus_difference is None else c.corpus_difference for c in comparisons}
