"""Sizes of a Synchformer."""

from __future__ import annotations

from dataclasses import dataclass

import torch

PARTS = ("video", "audio", "compare")
"""The three parts of the network; each can be built and loaded without the others."""


@dataclass(frozen=True, kw_only=True)
class SynchformerConfig:
    """Sizes of the network; the defaults are those of the published checkpoint.

    Attributes:
        parts: Which of `PARTS` to build.
        dim: Width D of all tokens.
        num_heads: Heads of the two feature towers.
        mlp_ratio: Hidden width of every MLP over D.
        depth: Blocks of each feature tower.
        num_frames: Frames of one segment.
        image_size: Height and width of a frame, pixels.
        patch_size: Height and width of a video patch, pixels.
        tubelet_size: Frames of a video patch.
        num_mels: Mel bands F of one segment.
        num_mel_frames: Mel frames of one segment.
        mel_patch_size: Height and width of a mel patch.
        mel_patch_stride: Step between mel patches, both ways.
        num_segments: Segments that one comparison reads.
        compare_depth: Blocks of the comparison.
        compare_num_heads: Heads of the comparison.
        num_offsets: Classes of the offset.
        attention_dtype: Type of queries, keys and values within a frame of the video tower; None leaves them as they
            are. `torch.float16` beside TF32 matrix products keeps their 10 bits of mantissa, and its
            kernels take a third of float32's time.
    """

    parts: tuple[str, ...] = PARTS
    dim: int = 768
    num_heads: int = 12
    mlp_ratio: int = 4
    depth: int = 12
    num_frames: int = 16
    image_size: int = 224
    patch_size: int = 16
    tubelet_size: int = 2
    num_mels: int = 128
    num_mel_frames: int = 66
    mel_patch_size: int = 16
    mel_patch_stride: int = 10
    num_segments: int = 14
    compare_depth: int = 3
    compare_num_heads: int = 8
    num_offsets: int = 21
    attention_dtype: torch.dtype | None = None

    def __post_init__(self) -> None:
        unknown = sorted(set(self.parts) - set(PARTS))
        if unknown or not self.parts:
            raise ValueError(f"parts must be some of {', '.join(PARTS)}, got {self.parts}")
        for heads in (self.num_heads, self.compare_num_heads):
            if self.dim % heads:
                raise ValueError(f"dim {self.dim} is not a multiple of {heads} heads")
        if self.num_frames % self.tubelet_size or self.image_size % self.patch_size:
            raise ValueError(
                f"patches of {self.tubelet_size} frames, {self.patch_size} pixels do not tile "
                f"{self.num_frames} frames of {self.image_size} pixels"
            )

    @property
    def video_grid(self) -> tuple[int, int]:
        """Times T and places N of one segment's video tokens."""
        return self.num_frames // self.tubelet_size, (self.image_size // self.patch_size) ** 2

    @property
    def audio_grid(self) -> tuple[int, int]:
        """Frequencies and times of one segment's audio tokens."""
        size, stride = self.mel_patch_size, self.mel_patch_stride
        return (self.num_mels - size) // stride + 1, (self.num_mel_frames - size) // stride + 1

    @property
    def sequence_length(self) -> int:
        """Tokens L of one comparison: two markers and every feature of both towers."""
        return 2 + self.num_segments * (self.video_grid[0] + self.audio_grid[1])
