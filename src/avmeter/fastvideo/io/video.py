"""Clips as tensors of frames."""

from __future__ import annotations

from typing import Any

import torch

from avmeter.metrics.decoded_frames import decode_frames
from avmeter.sample.reading import Rates, read_medium

_ANY_RATE = 1.0


def load_video(source: Any, **_: Any) -> torch.Tensor:
    """Return all frames of a clip: (T, C, H, W) float32 in [0, 1].

    Args:
        source: A file, a folder of images, a tensor of frames, or a list of images of PIL.
        **_: Accepted, without effect.

    Raises:
        UsageError: It is none of these.
        MediaError: It cannot be decoded.
    """
    return decode_frames(read_medium(source, is_audio=False, rates=Rates(fps=_ANY_RATE)))


def extract_frames(video: torch.Tensor, n_frames: int | None = None) -> torch.Tensor:
    """Return `n_frames` frames of (T, C, H, W), evenly spaced from the first to the last; all if there are no more."""
    if n_frames is None or n_frames >= len(video):
        return video
    return video[torch.linspace(0, len(video) - 1, n_frames).long()]
