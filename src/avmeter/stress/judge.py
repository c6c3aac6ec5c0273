"""Verdicts: was an expectation met? From scores alone, so that constructed scores can test it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from avmeter.errors import StatsError
from avmeter.metrics.labels import MetricName
from avmeter.result import Skip
from avmeter.stats.bootstrap import paired_difference_interval
from avmeter.stats.rank import spearman_correlation
from avmeter.stress.expectations import Expectation
from avmeter.stress.variants import Variant

MONOTONE_ABOVE = 0.79
SEPARABLE_FROM = 5
_UNIT_IN_LAST_PLACE = 1e-9  # 0.05 - 0.04 is not within 0.01 of anything in floating point


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Scores of one metric for one variant, over all clips.

    Attributes:
        score: Mean over scored clips (or the corpus score); None when none was.
        scores: Clip -> score, of the clips that have one ("corpus" -> score for a metric of the corpus).
        num_clips: Number of clips.
        skip: Why there is no score, of the first clip without.
        dummy: Made with stand-in weights.
        corpus: One score for all clips.
        carried: The scores of the original: the metric reads nothing that the damage changes.
    """

    score: float | None
    scores: Mapping[str, float]
    num_clips: int
    skip: Skip | None = None
    dummy: bool = False
    corpus: bool = False
    carried: bool = False


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether an expectation was met; `passed` is None when it could not be tested, and `measured` says why."""

    expectation: Expectation
    passed: bool | None
    measured: str


Cells = Mapping[tuple[str, str], Cell]
"""(variant label, metric) -> what was measured."""


def judge(
    expectations: Sequence[Expectation], variants: Sequence[Variant], directions: Mapping[str, str], cells: Cells
) -> list[Verdict]:
    """Return a verdict for each expectation that concerns these variants and metrics.

    With five clips or more, whatever should get worse must also differ from the original beyond chance.

    Args:
        expectations: What is expected.
        variants: What was measured, doses of one damage from mild to strong.
        directions: Metric -> "higher", "lower" or "none".
        cells: A cell for every variant and metric.
    """
    verdicts: list[Verdict] = []
    for expectation in (held for e in expectations for held in _for_labels(e, directions)):
        ladder = [v for v in variants if v.name == expectation.variant]
        if not ladder:
            continue
        asked = [expectation]
        if expectation.kind == "worse" and _num_pairs(expectation, ladder, cells) >= SEPARABLE_FROM:
            asked.append(replace(expectation, kind="separable", tolerance=0.0, relative_to=None))
        verdicts.extend(_judged(e, ladder, variants, directions[e.metric], cells) for e in asked)
    return verdicts


def _for_labels(expectation: Expectation, metrics: Iterable[str]) -> list[Expectation]:
    """What is expected of a metric is expected of it under every label: `audio.mad` of `audio.mad@aisfx` too."""
    return [replace(expectation, metric=m) for m in metrics if MetricName.parse(m).metric == expectation.metric]


def _judged(
    expectation: Expectation, ladder: Sequence[Variant], variants: Sequence[Variant], direction: str, cells: Cells
) -> Verdict:
    sign = {"higher": -1.0, "lower": 1.0}.get(direction)
    try:
        if expectation.kind == "monotone":
            passed, measured = _monotone(expectation, ladder, _trend(expectation, sign), cells)
        elif expectation.kind in ("equals", "at_least"):
            passed, measured = _compared(expectation, _scored(cells[ladder[-1].label, expectation.metric]))
        else:
            passed, measured = _changed(expectation, ladder[-1], variants, sign, cells)
    except _Untestable as why:
        return Verdict(expectation=expectation, passed=None, measured=str(why))
    return Verdict(expectation=expectation, passed=passed, measured=measured)


class _Untestable(Exception):  # noqa: N818 - a signal, not an error
    """An expectation that cannot be tested; the message says why."""


def _scored(cell: Cell | None) -> Cell:
    if cell is None:
        raise _Untestable("no original to compare with")
    if cell.dummy:
        raise _Untestable("dummy weights")
    if cell.score is None:
        raise _Untestable(f"skipped: {cell.skip.code}" if cell.skip else "no score")
    return cell


def _trend(expectation: Expectation, sign: float | None) -> float:
    if expectation.trend is not None:
        return 1.0 if expectation.trend == "rises" else -1.0
    return _worse(sign)


def _worse(sign: float | None) -> float:
    """Return +1 where a larger score is worse, -1 where a smaller one is."""
    if sign is None:
        raise _Untestable("the metric has no better side")
    return sign


def _compared(expectation: Expectation, cell: Cell) -> tuple[bool, str]:
    assert cell.score is not None
    assert expectation.value is not None
    worst = min(cell.scores.values()) if expectation.kind == "at_least" else cell.score
    text = f"{worst:.4g} (n = {len(cell.scores)})"
    if expectation.kind == "at_least":
        return worst >= expectation.value - _UNIT_IN_LAST_PLACE, f"lowest {text}"
    distance = max(abs(score - expectation.value) for score in cell.scores.values())
    return distance <= expectation.tolerance + _UNIT_IN_LAST_PLACE, text


def _changed(
    expectation: Expectation, variant: Variant, variants: Sequence[Variant], sign: float | None, cells: Cells
) -> tuple[bool, str]:
    before, after = _pairs(variant, expectation.metric, cells)
    change = float(np.mean(after - before))
    limit = expectation.tolerance
    counted = "whole set" if cells[variant.label, expectation.metric].corpus else f"n = {len(after)}"
    measured = f"changed by {change:+.3g} ({counted})"
    if cells[variant.label, expectation.metric].carried:
        measured = f"reads nothing that is changed ({counted})"
    if expectation.relative_to is not None:
        yardstick = next((v for v in reversed(variants) if v.name == expectation.relative_to), None)
        if yardstick is None:
            raise _Untestable(f"{expectation.relative_to} was not measured")
        original, damaged = _pairs(yardstick, expectation.metric, cells)
        strong = float(np.mean(damaged - original))
        limit *= abs(strong)
        measured += f", under {expectation.relative_to} by {strong:+.3g}"
    limit += _UNIT_IN_LAST_PLACE if expectation.kind != "worse" else -_UNIT_IN_LAST_PLACE
    if expectation.kind == "invariant":
        return abs(change) <= limit, measured
    if expectation.kind == "changes_by":
        assert expectation.value is not None
        return abs(change - expectation.value) <= limit, measured
    if expectation.kind == "separable":
        return _separable(after, before, _worse(sign))
    return _worse(sign) * change > max(limit, 0.0), measured


def _separable(after: np.ndarray, before: np.ndarray, sign: float) -> tuple[bool, str]:
    if len(after) < SEPARABLE_FROM:
        raise _Untestable(f"{len(after)} clips, needs {SEPARABLE_FROM}")
    interval = paired_difference_interval(candidate=sign * after, baseline=sign * before)
    assert interval is not None
    text = f"worse by {interval.estimate:.3g} [{interval.low:.3g}, {interval.high:.3g}] (n = {interval.count})"
    return interval.low > 0, text


def _monotone(expectation: Expectation, ladder: Sequence[Variant], sign: float, cells: Cells) -> tuple[bool, str]:
    found = [_scored(cells[v.label, expectation.metric]) for v in ladder]
    original = cells.get(("original", expectation.metric))
    if original is not None and original.score is not None:
        found.insert(0, original)
    if len(found) < 3:
        raise _Untestable(f"{len(found)} doses scored, needs 3 (`--ladder`)")
    # Every dose over the same clips: a clip that drops out must not look like a reaction.
    shared = set.intersection(*(set(cell.scores) for cell in found))
    if not shared:
        raise _Untestable("no clip was scored at every dose")
    means = np.array([np.mean([cell.scores[name] for name in sorted(shared)]) for cell in found])
    try:
        correlation = spearman_correlation(np.arange(len(means)), sign * means)
    except StatsError:
        return False, "does not change with the dose"
    # A score at its floor until the damage is strong has many ties, which Spearman counts against it.
    never_back = bool((np.diff(sign * means) >= -_UNIT_IN_LAST_PLACE).all())
    measured = f"Spearman {correlation:+.2f} over {len(means)} doses (n = {len(shared)})"
    return never_back or correlation >= MONOTONE_ABOVE, measured


def _pairs(variant: Variant, metric: str, cells: Cells) -> tuple[np.ndarray, np.ndarray]:
    """Return scores (N,) of the original and of the variant, of the clips that have both."""
    original, damaged = _scored(cells.get(("original", metric))), _scored(cells[variant.label, metric])
    shared = sorted(original.scores.keys() & damaged.scores.keys())
    if not shared:
        raise _Untestable("no clip was scored both before and after")
    return np.array([original.scores[k] for k in shared]), np.array([damaged.scores[k] for k in shared])


def _num_pairs(expectation: Expectation, ladder: Sequence[Variant], cells: Cells) -> int:
    try:
        return len(_pairs(ladder[-1], expectation.metric, cells)[0])
    except _Untestable:
        return 0
