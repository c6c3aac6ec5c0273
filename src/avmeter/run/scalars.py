"""Results as flat numbers for a tracker of experiments."""

from __future__ import annotations

import math
from statistics import fmean

from avmeter.run.score_table import ScoreTable, scored, skip_code


def scalars(results: ScoreTable, prefix: str = "") -> dict[str, float]:
    """Return finite numbers under names that are the same in every run of the same metrics.

    For a metric, with `prefix` in front: `METRIC/mean` over the samples with a score, and `METRIC/corpus`, both absent
    where there is none; `METRIC/scored` and `METRIC/skipped`, how many samples have a score and have none; and
    `METRIC/skipped/CODE`. A corpus without a score is `METRIC/corpus/skipped`, 1.

    Args:
        results: Of a run.
        prefix: In front of every name: "val/".
    """
    found: dict[str, float] = {}
    for name in results.metric_names:
        start = f"{prefix}{name}"
        rows = [row[name] for row in results if name in row]
        scores = scored(rows)
        if scores:
            found[f"{start}/mean"] = fmean(scores)
        if rows:
            found[f"{start}/scored"] = float(len(scores))
            found[f"{start}/skipped"] = float(len(rows) - len(scores))
        for code in filter(None, map(skip_code, rows)):
            found[f"{start}/skipped/{code}"] = found.get(f"{start}/skipped/{code}", 0.0) + 1.0
        corpus = results.corpus.get(name)
        if corpus is not None and corpus.score is not None:
            found[f"{start}/corpus"] = float(corpus.score)
        if corpus is not None:
            found[f"{start}/corpus/skipped"] = float(corpus.score is None)
    return {name: value for name, value in found.items() if math.isfinite(value)}
