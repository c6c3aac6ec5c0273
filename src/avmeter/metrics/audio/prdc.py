"""Precision, recall, density and coverage: is the corpus realistic, and is it varied?

A clip counts as realistic when it lies within the neighbourhoods of reference clips, and a reference clip as covered
when its neighbourhood holds a generated one.

A good value: what one half of the reference corpus gets against the other; 1 is the best coverage.
Not seen: single clips, fit to prompt or video; copies of the reference cover it perfectly.

Source: Kynkäänniemi et al. (2019); Naeem et al. (2020).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from avmeter.metrics.backbones import DEFAULT_BACKBONE
from avmeter.metrics.details import with_caveats
from avmeter.metrics.embedding_sets import RowsMetric, RowsState
from avmeter.metrics.option_values import require_at_least
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.stats.manifold import manifold_scores


@register("audio.prdc")
class Prdc(RowsMetric):
    """Coverage (headline), density, precision and recall of the generated corpus; higher is better.

    Args:
        neighbours: k of the neighbourhoods.
    """

    direction = "higher"
    range = (0.0, 1.0)
    min_samples = 6  # one more than neighbours

    def __init__(self, *, backbone: str = DEFAULT_BACKBONE, neighbours: int = 5, protocol: str = FASTVIDEO) -> None:
        super().__init__(backbone=backbone, protocol=protocol)
        require_at_least(1, neighbours=neighbours)
        self.neighbours = neighbours

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "neighbours": self.neighbours}

    def finish(self, state: RowsState) -> MetricResult:
        generated, reference = state.generated.stacked(), state.reference.stacked()
        scores = manifold_scores(generated=generated, reference=reference, neighbours=self.neighbours)
        details = {**asdict(scores), "backbone": self.backbone, "n_gen": len(generated), "n_ref": len(reference)}
        return MetricResult(self.name, scores.coverage, with_caveats(details, state.caveats()))
