"""Fréchet inception distance: how far are the frames of the generated videos from those of the reference, as pictures?

Gaussians of Inception features of single frames. A number of the set, never of a clip. From every clip come the frames
in the middle of `num_frames` parts of equal length, each a row: `n_gen` and `n_ref` count frames. Bias grows with the
dimension, 2048, and falls with the number of frames, and frames of one clip are alike: values of other numbers of clips
or frames do not compare, and under some thousand clips `common.kid` says more.

A good value: near `expected_bias`, which a perfect generator of this many frames would get.
Not seen: time: frames in random order have the same score. Single clips, whether a video fits its prompt, and fine
detail of large frames, which are stretched to 299 x 299 first.

Source: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium" (NeurIPS
2017): TensorFlow's network of 2015 and its bilinear resize, as torch-fidelity and torchmetrics have them. pytorch-fid
resizes by torch's interpolation, and no diagonal offset is added in any of them.
"""

from __future__ import annotations

from pathlib import Path

from avmeter.metrics.backbones import FRAME_BACKBONES
from avmeter.metrics.frechet_metric import FrechetMetric
from avmeter.metrics.video_sets import VideoSetMetric
from avmeter.protocols import FASTVIDEO, PROTOCOLS
from avmeter.registry import register


@register("common.fid")
class FrechetInceptionDistance(VideoSetMetric, FrechetMetric):
    """Fréchet distance between sets of frames, in squared units of the features; lower is better.

    Args:
        backbone: "inception".
        num_frames: Frames of every clip.
        reference_features: File of the reference set (.pt, .npy, .npz); default: the samples' own references.
        protocol: Makes no difference here.
    """

    backbones = FRAME_BACKBONES
    min_samples = 1  # the frames of one clip are a set
    for_single_clips = "common.lpips"
    diagonal_offset = dict.fromkeys(PROTOCOLS, 0.0)

    def __init__(
        self,
        *,
        backbone: str = "inception",
        num_frames: int = 8,
        reference_features: str | Path | None = None,
        protocol: str = FASTVIDEO,
    ) -> None:
        self.num_frames = num_frames
        super().__init__(backbone=backbone, reference_features=reference_features, protocol=protocol)

    @staticmethod
    def reference_file() -> Path | None:
        return None
