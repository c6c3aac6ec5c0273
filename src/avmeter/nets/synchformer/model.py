"""The three parts of Synchformer under one roof."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from avmeter.nets.empty import empty_network
from avmeter.nets.synchformer.audio import AudioTower
from avmeter.nets.synchformer.compare import Comparison
from avmeter.nets.synchformer.config import SynchformerConfig
from avmeter.nets.synchformer.video import VideoTower

if TYPE_CHECKING:
    from avmeter.nets.synchformer.fused_video import FusedVideoTower

OFFSET_GRID_S = tuple(round(-2 + 0.2 * i, 1) for i in range(21))
"""Offsets that the 21 classes stand for, in seconds: from -2 to 2 in steps of 0.2."""


class Synchformer(nn.Module):
    """Features of short segments of video and sound, and the offset between their sequences.

    There is no `forward`: features are computed once per segment and may be stored; a comparison
    reads a run of segments. Attributes `video`, `audio` and `comparison` hold the parts that
    `config.parts` names.
    """

    def __init__(self, config: SynchformerConfig) -> None:
        super().__init__()
        self.config = config
        if "video" in config.parts:
            self.video = VideoTower(config)
        if "audio" in config.parts:
            self.audio = AudioTower(config)
        if "compare" in config.parts:
            self.comparison = Comparison(config)
        self.fused_video: FusedVideoTower | None = None

    def fuse(self, dtype: torch.dtype) -> None:
        """Compute both towers by fused kernels from now on; see `avmeter.nets.fused.Fusable`."""
        if "video" in self.config.parts:
            from avmeter.nets.synchformer.fused_video import FusedVideoTower

            self.fused_video = FusedVideoTower(self.video, dtype=dtype)
        if "audio" in self.config.parts:
            self.audio.encoder.fuse(dtype)

    def video_features(self, pixels: Tensor) -> Tensor:
        """Features of video segments.

        Args:
            pixels: (B, 16, 3, 224, 224), RGB, scaled to [-1, 1], 25 frames a second.

        Returns:
            (B, 8, 768), one feature for every two frames.
        """
        features: Tensor = (self.fused_video or self.video)(pixels)
        return features

    def audio_features(self, mel: Tensor) -> Tensor:
        """Features of sound segments.

        Args:
            mel: (B, 128, 66), bands before frames, normalised log mel of 0.64 s.

        Returns:
            (B, 6, 768), in order of time.
        """
        features: Tensor = self.audio(mel)
        return features

    def compare(self, video: Tensor, audio: Tensor) -> Tensor:
        """Logits over `OFFSET_GRID_S`.

        Args:
            video: (B, 14, 8, 768), features of 14 successive segments.
            audio: (B, 14, 6, 768), features of the sound segments of the same times.

        Returns:
            (B, 21).
        """
        logits: Tensor = self.comparison(video, audio)
        return logits


def build(config: SynchformerConfig | None = None, *, device: torch.device | str = "cpu") -> Synchformer:
    """Build the network as `empty_network` does; the default sizes are those of the published checkpoint."""
    return empty_network(lambda: Synchformer(config or SynchformerConfig()), device=device)
