"""Kernel distance (maximum mean discrepancy): how far is the generated corpus from the reference corpus, at any size?

An alternative to the Fréchet distance without its bias: the estimator is unbiased at every N, so small corpora
compare with large ones; it may come out a little below zero. Gaussian kernel with the reference set's median
distance as bandwidth (KAD), or the polynomial kernel of KID over random subsets.

A good value: 0 within the spread of repeated draws; slightly negative values mean 0.
Not seen: single clips, whether a clip fits its own prompt or video, and copies of the reference.

Source: Chung et al., "KAD: No More FAD!" (2025); Bińkowski et al., "Demystifying MMD GANs" (2018).
"""

from __future__ import annotations

from avmeter.metrics.backbones import DEFAULT_BACKBONE
from avmeter.metrics.kernel_metric import KernelMetric
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register


@register("audio.kernel_distance")
class KernelDistance(KernelMetric):
    """Squared maximum mean discrepancy; about 0 for equal distributions, may be negative; lower is better.

    Args:
        kernel: "gaussian" (KAD, times 100 as published) or "polynomial" (KID).
        subsets: Random subsets of the polynomial kernel.
        subset_size: Clips of each.
        reference_features: File of reference features (rows, not statistics).
    """

    def __init__(
        self,
        *,
        kernel: str = "gaussian",
        backbone: str = DEFAULT_BACKBONE,
        subsets: int = 100,
        subset_size: int = 1000,
        reference_features: str | None = None,
        protocol: str = FASTVIDEO,
    ) -> None:
        super().__init__(
            kernel=kernel,
            backbone=backbone,
            subsets=subsets,
            subset_size=subset_size,
            reference_features=reference_features,
            protocol=protocol,
        )
