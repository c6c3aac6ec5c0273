"""A few frames that stand for a whole clip."""

from __future__ import annotations

import torch

from avmeter.errors import SkipCode, SkipError
from avmeter.media import MediaItem


def spread_frames(media: MediaItem, count: int, *, network: str) -> tuple[int, ...]:
    """Return `count` frames from the first to the last at even distances, rounded down.

    Args:
        media: The clip.
        count: 2 or more.
        network: What reads them, for the message.

    Raises:
        SkipError: The clip has fewer.

    Source: FastVideo, `eval/io/video.py`, `extract_frames`, whose rounding of places is in single precision.
    """
    num_frames = len(media.frame_times)
    if num_frames < count:
        raise SkipError(SkipCode.TOO_SHORT, f"{media.name}: {num_frames} frames; {network} needs {count}")
    return tuple(torch.linspace(0, num_frames - 1, count).long().tolist())
