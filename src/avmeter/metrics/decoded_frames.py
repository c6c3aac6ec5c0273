"""Frames of whole clips, for metrics of users that ask for them: decoded when the metric is called, then let go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from avmeter.media import FrameRequest, open_media
from avmeter.media.arrays import frames_from_array

if TYPE_CHECKING:
    from avmeter.sample import MediaSource, Sample

_FIELDS = ("video", "reference")


def decode_frames(source: MediaSource) -> torch.Tensor:
    """Return all frames of a clip in the order in which they are shown: (T, 3, H, W) float32 in [0, 1].

    Frames in memory need no rate.

    Raises:
        MediaError: There is no video, or it cannot be decoded.
    """
    if source.frames is not None:
        frames = frames_from_array(source.frames, str(source))
        scale = 1 / 255 if frames.dtype == np.uint8 else 1.0
        return torch.from_numpy(np.ascontiguousarray(frames.transpose(0, 3, 1, 2), np.float32) * np.float32(scale))
    with open_media(source) as item:
        frames = item.frames(FrameRequest(indices=tuple(range(len(item.frame_times)))))[:]
    return torch.from_numpy(np.ascontiguousarray(frames))


def with_decoded_frames(original: Mapping[str, Any], sample: Sample, device: Any) -> dict[str, Any]:
    """Return a sample whose videos are frames (T, 3, H, W) on a device; tensors of floats stay as they are.

    Args:
        original: As its author wrote it.
        sample: The same, understood.
        device: Of the frames.

    Raises:
        MediaError: As `decode_frames`.
    """
    found = dict(original)
    for field in _FIELDS:
        if field not in sample.media:
            continue
        value = found.get(field)
        if isinstance(value, torch.Tensor) and value.ndim == 4 and value.is_floating_point():
            frames = value.float()
        else:
            frames = decode_frames(sample.media[field])
        found[field] = frames.to(device)
    return found
