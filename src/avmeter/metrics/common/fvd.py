"""Fréchet video distance: how far are the generated videos from the reference videos, as Gaussians of I3D logits?

A number of the set, never of a clip. Its bias grows with the dimension, 400, and falls with the number of clips:
values of different N do not compare, and under a few hundred clips the value is bias for the most part.

A good value: near `expected_bias`, which a perfect generator of this many clips would get; papers use 2048 clips of
16 frames (`num_frames=16`), FastVideo all frames.
Not seen: single clips, whether a video fits its prompt, the frame rate (frames are read by number), and much of how
things move: frames that are each a little worse cost more than motion that is wrong (Ge et al., "On the Content Bias in
Fréchet Video Distance", 2024).

Source: Unterthiner et al., "FVD: A new Metric for Video Generation" (2019); protocol of FastVideo, which stretches
frames to 224 x 224 and adds 1e-6 to both diagonals. Videos of black against white frames have the published values.
"""

from __future__ import annotations

from pathlib import Path

from avmeter.metrics.backbones import VIDEO_BACKBONES
from avmeter.metrics.frechet_metric import FrechetMetric
from avmeter.metrics.video_sets import VideoSetMetric
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register
from avmeter.runtime.environment import video_reference_features_file


@register("common.fvd")
class FrechetVideoDistance(VideoSetMetric, FrechetMetric):
    """Fréchet distance between sets of videos, in squared units of the logits; lower is better.

    Args:
        backbone: "i3d"; "clip" (frames' embeddings by CLIP ViT-B/32, their mean: what is shown, not how it moves); or
            "videomae" (VideoMAE-base over the first sixteen frames). Values of different ones do not compare.
        num_frames: Read the first so many frames of every clip; None is all of them.
        reference_features: File of the reference set (.pt, .npy, .npz); default: `FASTVIDEO_FVD_REF_FEATURES`,
            else the samples' own references.
        protocol: Decides the diagonal offset alone: 1e-6 ("fastvideo") or 0.
    """

    backbones = VIDEO_BACKBONES
    for_single_clips = "av.imagebind_text_video"

    def __init__(
        self,
        *,
        backbone: str = "i3d",
        num_frames: int | None = None,
        reference_features: str | Path | None = None,
        protocol: str = FASTVIDEO,
    ) -> None:
        self.num_frames = num_frames
        super().__init__(backbone=backbone, reference_features=reference_features, protocol=protocol)

    @staticmethod
    def reference_file() -> Path | None:
        return video_reference_features_file()
