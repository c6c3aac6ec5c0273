"""Kernel video distance: how far are the generated videos from the reference videos, at any number of clips?

The unbiased companion of the Fréchet video distance, over the same I3D logits: small sets compare with large ones, and
values a little below zero mean zero. Polynomial kernel over random subsets, as in KID.

A good value: 0 within the spread over subsets.
Not seen: as of `common.fvd`.

Source: Unterthiner et al., "FVD: A new Metric for Video Generation" (2019), section on kernel distances; Bińkowski et
al., "Demystifying MMD GANs" (2018).
"""

from __future__ import annotations

from avmeter.metrics.backbones import VIDEO_BACKBONES
from avmeter.metrics.kernel_metric import KernelMetric
from avmeter.metrics.video_sets import VideoSetMetric
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register


@register("common.kvd")
class KernelVideoDistance(VideoSetMetric, KernelMetric):
    """Squared maximum mean discrepancy of sets of videos; about 0 for equal ones, may be negative; lower is better.

    Args:
        kernel: "polynomial" (as KID) or "gaussian" (median bandwidth, times 100, as KAD).
        backbone: "i3d"; "clip" (frames' embeddings by CLIP ViT-B/32, their mean: what is shown, not how it moves); or
            "videomae" (VideoMAE-base over the first sixteen frames). Values of different ones do not compare.
        num_frames: Read the first so many frames of every clip; None is all of them.
        subsets: Random subsets of the polynomial kernel.
        subset_size: Clips of each.
        reference_features: File of reference features (rows, not statistics).
    """

    backbones = VIDEO_BACKBONES

    def __init__(
        self,
        *,
        kernel: str = "polynomial",
        backbone: str = "i3d",
        num_frames: int | None = None,
        subsets: int = 100,
        subset_size: int = 1000,
        reference_features: str | None = None,
        protocol: str = FASTVIDEO,
    ) -> None:
        self.num_frames = num_frames
        super().__init__(
            kernel=kernel,
            backbone=backbone,
            subsets=subsets,
            subset_size=subset_size,
            reference_features=reference_features,
            protocol=protocol,
        )
