"""What a run amounts to, so that nobody takes a mean over the survivors for a mean over all.

    {"num_samples": 10, "num_references": 0, "dummy": false,
     "metrics": {"audio.wer": {
        "direction": "lower", "unit": "edits per word", "dummy": false,
        "mean": 0.21, "median": 0.2, "std": 0.08, "n_scored": 9, "n_given": 10,
        "interval": {"low": 0.15, "high": 0.27, "confidence": 0.95, "method": "t"}, "clusters": null,
        "skipped": {"no_audio_track": 1}, "note": "mean over 9 of 10; 1 skipped: no_audio_track",
        "caveats": [{"code": "clips_left_out", "sentence": "mean over 9 of 10; 1 skipped: no_audio_track"}],
        "corpus": {"score": 0.19, "skip_code": null, "reason": null, "hint": null, "details": {...},
                   "interval": {"low": 0.12, "high": 0.26, "confidence": 0.95, "method": "t"}}}},
     "by": {"language": {"en": {"num_samples": 7, "metrics": {...}}, "de": {...}}}}

`interval` is that of the mean over samples, absent (null) below two scores; that of `corpus` is the corpus score's own,
absent where it has none. Clips that share a prompt are resampled together: `clusters` is then "10 by text_prompt", and
the intervals have `num_clusters` and `cluster`. A metric of the corpus alone has null for everything that is per
sample. `std` is the sample standard deviation. `caveats` are what changes the meaning of the numbers
(`avmeter.caveats`), `note` their sentences. `by` is there where a breakdown was asked for.
"""

from __future__ import annotations

from typing import Any

from avmeter.result import DUMMY_MARK
from avmeter.run.breakdown import break_down
from avmeter.run.clusters import find_clusters
from avmeter.run.grouping import Grouping
from avmeter.run.metric_summary import Part, summarise_metric
from avmeter.run.score_table import ScoreTable


def summarise(results: ScoreTable) -> dict[str, Any]:
    """Return the summary of a run; see the module's docstring for its form."""
    positions = results.scored_positions
    grouping = Grouping.read(results.provenance)
    clusters = find_clusters(results.samples, grouping.cluster)
    summary: dict[str, Any] = {
        "num_samples": len(positions),
        "num_references": len(results) - len(positions),
        "dummy": results.is_dummy,
    }
    if results.is_dummy:
        summary["mark"] = f"{DUMMY_MARK}: scores marked so mean nothing"
    whole = Part(positions=positions, clusters=clusters)
    summary["metrics"] = {name: summarise_metric(results, name, whole) for name in results.metric_names}
    if grouping.by:
        summary["by"] = break_down(results, grouping.by, clusters)
    return summary
