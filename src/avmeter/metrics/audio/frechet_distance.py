"""Fréchet audio distance: how far is the generated corpus from the reference corpus, as Gaussians of embeddings?

    |m - n|^2 + tr(A + B - 2 (A B)^(1/2))

A number of the corpus, never of a clip. Its bias grows with the dimension and falls with the number of clips, so
values of different N do not compare; the expected value for a perfect generator of this N stands beside the score.

A good value: near `expected_bias`, which a perfect generator of this many clips would get; values of other
backbones, protocols or clip counts do not compare.
Not seen: single clips, whether a clip fits its own prompt or video, and copies of the reference, which score best.

Source: Kilgour et al., "Fréchet Audio Distance" (2019); PaSST embeddings as in av-benchmark and FastVideo.
"""

from __future__ import annotations

from pathlib import Path

from avmeter.metrics.backbones import DEFAULT_BACKBONE
from avmeter.metrics.frechet_metric import FrechetMetric
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register
from avmeter.runtime.environment import reference_features_file


@register("audio.frechet_distance")
class FrechetDistance(FrechetMetric):
    """Fréchet distance between corpora, in squared units of the embedding; lower is better.

    Args:
        reference_features: File of the reference set (.pt, .npy, .npz); default: `AVMETER_FAD_REF_FEATURES`,
            else the samples' own references.
        protocol: Decides preprocessing and the diagonal offset.
    """

    for_single_clips = "audio.kl_divergence"

    def __init__(
        self,
        *,
        backbone: str = DEFAULT_BACKBONE,
        reference_features: str | Path | None = None,
        protocol: str = FASTVIDEO,
    ) -> None:
        super().__init__(backbone=backbone, reference_features=reference_features, protocol=protocol)

    @staticmethod
    def reference_file() -> Path | None:
        return reference_features_file()
