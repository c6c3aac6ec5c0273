"""Which of several systems cannot be told apart, metric by metric.

Every pair of systems is compared as `compare` does, with sign-flip intervals over the samples of both. With m pairs of
systems the intervals have a confidence of 1 - 0.05 / m (Bonferroni), so that of equal systems one in twenty tables has
a difference, not one in twenty cells. Systems of one column that share a letter do not differ by more than chance.
"""

from __future__ import annotations

import itertools
import string
from collections.abc import Mapping, Sequence

from avmeter.errors import UsageError
from avmeter.run.compare import JUDGED, compare
from avmeter.run.results import EvalResults

_LEVEL = 0.05


def corrected_confidence(num_systems: int) -> float:
    """Return the confidence of the interval of each pair of systems."""
    return 1 - _LEVEL / max(num_systems * (num_systems - 1) // 2, 1)


def significance_letters(
    runs: Mapping[str, EvalResults], ranked: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, str]]:
    """Return metric -> system -> letters; a metric of which a pair of systems cannot be judged is absent.

    Args:
        runs: System -> its run.
        ranked: Metric -> systems with a score, the best first; letters are given out in that order.
    """
    confidence = corrected_confidence(len(runs))
    verdicts: dict[frozenset[str], dict[str, str]] = {}
    for a, b in itertools.combinations(runs, 2):
        try:
            found = compare(runs[a], runs[b], confidence=confidence)
        except UsageError:  # nothing in common
            found = []
        verdicts[frozenset((a, b))] = {c.metric: c.corpus_verdict or c.verdict for c in found}
    letters = {}
    for metric, systems in ranked.items():
        own = {pair: v.get(metric) for pair, v in verdicts.items() if pair <= set(systems)}
        if len(systems) > 1 and all(v in JUDGED for v in own.values()):
            apart = [pair for pair, v in own.items() if v != "no clear difference"]
            letters[metric] = _letters(systems, apart)
    return letters


def _letters(systems: Sequence[str], apart: Sequence[frozenset[str]]) -> dict[str, str]:
    """Return letters so that two systems share one exactly if they are not apart (insert and absorb, Piepho 2004)."""
    groups = [frozenset(systems)]
    for pair in apart:
        split = [g - {one} for g in groups if pair <= g for one in pair]
        whole = [g for g in groups if not pair <= g]
        groups = list(dict.fromkeys([*whole, *split]))
        groups = [g for g in groups if not any(g < other for other in groups)]
    groups.sort(key=lambda g: [systems.index(s) for s in sorted(g, key=systems.index)])
    names = [*string.ascii_lowercase, *(a + b for a in string.ascii_lowercase for b in string.ascii_lowercase)]
    return {s: "".join(name for name, g in zip(names, groups, strict=False) if s in g) for s in systems}
