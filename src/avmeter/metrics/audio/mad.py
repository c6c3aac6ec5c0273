"""MAD (MAUVE Audio Divergence): how far is the generated corpus from the reference corpus, cluster by cluster?

    -ln(MAUVE)

Embeddings of both corpora are clustered together, and the shares that each cluster has of the two are compared: what
one corpus has and the other lacks counts, in whatever shape, where the Fréchet distance sees a mean and a covariance.
0 for equal shares. There are as many clusters as a tenth of the smaller corpus: values of different N do not compare.
Starts of k-means are drawn, always with the same `seed`; over seeds, values of 300 clips against 300 spread by 0.01
where they are near 0, and by a tenth of themselves above 0.5.

The published MAD of music stands on MERT v1 330M, the last of its layers and the maximum over time, with FMA-Pop as
the reference. Here any backbone will do, and each has values of its own.

A good value: what one half of the reference corpus gets against the other; 0 is the best, 5.5 the worst.
Not seen: single clips, whether a clip fits its own prompt or video, copies of the reference, differences inside a
cluster, and how far apart corpora are that have no cluster in common: all of them have 5.5.

Source: Huang et al., "Aligning Text-to-Music Evaluation with Human Preferences" (2025, arXiv 2503.16669),
i-need-sleep/mad; MAUVE as in `avmeter.stats.mauve`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from avmeter.metrics.backbones import DEFAULT_BACKBONE
from avmeter.metrics.details import with_caveats
from avmeter.metrics.embedding_sets import RowsMetric, RowsState
from avmeter.metrics.option_values import require_at_least
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.stats.mauve import mauve


@register("audio.mad")
class Mad(RowsMetric):
    """Negative logarithm of MAUVE; 0 for equal corpora; lower is better.

    Args:
        seed: Of the starts of k-means; 25 as published, of other random numbers.
    """

    direction = "lower"
    range = (0.0, None)
    min_samples = 100

    def __init__(self, *, backbone: str = DEFAULT_BACKBONE, seed: int = 25, protocol: str = FASTVIDEO) -> None:
        super().__init__(backbone=backbone, protocol=protocol)
        require_at_least(0, seed=seed)
        self.seed = seed

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "seed": self.seed}

    def finish(self, state: RowsState) -> MetricResult:
        generated, reference = state.generated.stacked(), state.reference.stacked()
        found = mauve(generated=generated, reference=reference, seed=self.seed)
        details = {
            "backbone": self.backbone,
            "mauve": found.score,
            "mauve_star": found.smoothed,
            "num_clusters": found.num_clusters,
            "num_dimensions": found.num_dimensions,
            "n_gen": len(generated),
            "n_ref": len(reference),
            "n_gen_dropped_nonfinite": state.generated.num_dropped,
            "n_ref_dropped_nonfinite": state.reference.num_dropped,
        }
        return MetricResult(self.name, max(0.0, -math.log(found.score)), with_caveats(details, state.caveats()))
