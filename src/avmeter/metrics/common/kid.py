"""Kernel inception distance: how far are frames of the generated from those of the reference videos, at any number?

The unbiased companion of the Fréchet inception distance, over the same Inception features of single frames: small sets
compare with large ones, and values a little below zero mean zero. Cubic polynomial kernel, mean over random subsets of
frames. From every clip come the frames in the middle of `num_frames` parts of equal length: `n_gen` and `n_ref` count
frames.

A good value: 0 within the spread over subsets (`std`).
Not seen: as of `common.fid`.

Source: Bińkowski et al., "Demystifying MMD GANs" (ICLR 2018); network and resize as of `common.fid`.
"""

from __future__ import annotations

from avmeter.metrics.backbones import FRAME_BACKBONES
from avmeter.metrics.kernel_metric import KernelMetric
from avmeter.metrics.video_sets import VideoSetMetric
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register


@register("common.kid")
class KernelInceptionDistance(VideoSetMetric, KernelMetric):
    """Squared maximum mean discrepancy of sets of frames; about 0 for equal ones, may be negative; lower is better.

    Args:
        kernel: "polynomial" (KID) or "gaussian" (median bandwidth, times 100, as KAD).
        backbone: "inception".
        num_frames: Frames of every clip.
        subsets: Random subsets of the polynomial kernel.
        subset_size: Frames of each.
        reference_features: File of reference features (rows, not statistics).
        protocol: Makes no difference here.
    """

    backbones = FRAME_BACKBONES
    min_samples = 1  # the frames of one clip are a set

    def __init__(
        self,
        *,
        kernel: str = "polynomial",
        backbone: str = "inception",
        num_frames: int = 8,
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
