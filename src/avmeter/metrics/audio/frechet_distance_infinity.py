"""Fréchet distance at infinity: how far from the reference corpus, were there infinitely many clips?

The distance of subsets of growing size is nearly linear in 1/N; its value at 1/N = 0 is free of most of the bias
that makes plain values of different N incomparable. The details name the clips that raise it most.

A good value: 0 within a few `standard_error`; a low `r_squared` says that the extrapolation does not hold.
Not seen: as for the Fréchet distance: single clips, fit to prompt or video, copies of the reference.

Source: Chong and Forsyth, "Effectively Unbiased FID" (2020); Gui et al., "Adapting
Frechet Audio Distance for Generative Music Evaluation" (2024).
"""

from __future__ import annotations

import numpy as np

from avmeter.caveats import Caveat, CaveatCode
from avmeter.errors import SkipCode, SkipError
from avmeter.metrics.details import with_caveats
from avmeter.metrics.embedding_sets import RowsMetric, RowsState
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.stats.frechet_infinity import frechet_infinity
from avmeter.stats.frechet_influence import frechet_contributions
from avmeter.stats.moments import Moments

_NUM_WORST = 20


@register("audio.frechet_distance_infinity")
class FrechetDistanceInfinity(RowsMetric):
    """Fréchet distance at 1/N = 0; may be a little below 0; lower is better."""

    direction = "lower"
    min_samples = 50

    def finish(self, state: RowsState) -> MetricResult:
        (generated, ids), references = state.generated.sorted_rows(), state.reference.stacked()
        if len(references) < 2 or len(generated) < 4:
            raise SkipError(
                SkipCode.TOO_FEW_SAMPLES,
                f"{self.name}: needs at least 4 generated and 2 reference embeddings, got {len(generated)} and "
                f"{len(references)}",
            )
        reference = Moments.of(references)
        fit = frechet_infinity(generated=generated, reference=reference)
        contributions = frechet_contributions(generated=generated, reference=reference)
        worst = np.argsort(-contributions)[:_NUM_WORST]
        details = {
            "backbone": self.backbone,
            "standard_error": fit.standard_error,
            "r_squared": fit.r_squared,
            "points": [list(p) for p in fit.subset_distances],
            "n_gen": len(generated),
            "n_ref": len(references),
            "worst_clips": [{"id": ids[i], "contribution": float(contributions[i])} for i in worst],
        }
        caveats = state.caveats()
        if fit.has_fewer_clips_than_dimensions:
            caveats.append(Caveat.of(CaveatCode.SUBSETS_SMALLER_THAN_DIMENSIONS, dim=fit.dim))
        return MetricResult(self.name, fit.value, with_caveats(details, caveats))
