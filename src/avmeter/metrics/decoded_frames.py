"""Frames of whole clips, for metrics of users that ask for them: decoded once for all metrics of a sample."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
import torch

from avmeter.errors import MediaError, SkipCode
from avmeter.media import FrameRequest, open_media
from avmeter.media.arrays import frames_from_array

if TYPE_CHECKING:
    from avmeter.sample import MediaSource, Sample

_FIELDS = ("video", "reference")
_MAX_CHANNELS = 4
_decoded: ContextVar[dict[str, torch.Tensor] | None] = ContextVar("decoded frames of the sample", default=None)


@contextlib.contextmanager
def frames_decoded_once() -> Iterator[None]:
    """Have all metrics that are called within the block share what is decoded; it is let go of at the end."""
    token = _decoded.set({})
    try:
        yield
    finally:
        _decoded.reset(token)


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
    """Return a sample whose videos are frames (T, 3, H, W) on a device; such tensors of floats keep their values.

    Args:
        original: As its author wrote it.
        sample: The same, understood.
        device: Of the frames. They are a copy, which a metric may change.

    Raises:
        MediaError: As `decode_frames`; `non_finite` of tensors.
    """
    found = dict(original)
    for field in _FIELDS:
        if field not in sample.media:
            continue
        value = found.get(field)
        if _is_as_asked(value):
            if not bool(value.isfinite().all()):
                raise MediaError(SkipCode.NON_FINITE, f"{sample.id}: frames of {field} hold NaN or infinite values")
            frames = value.detach().float()
        else:
            frames = _decode_once(sample.media[field])
        found[field] = frames.to(device, copy=True)
    return found


def _is_as_asked(value: Any) -> TypeGuard[torch.Tensor]:
    """Return True for a tensor of floats (T, C, H, W)."""
    return (
        isinstance(value, torch.Tensor)
        and value.ndim == 4
        and value.is_floating_point()
        and value.shape[1] <= _MAX_CHANNELS
        and value.numel() > 0
    )


def _decode_once(source: MediaSource) -> torch.Tensor:
    decoded = _decoded.get()
    if decoded is None:
        return decode_frames(source)
    if source.identity not in decoded:
        decoded[source.identity] = decode_frames(source)
    return decoded[source.identity]
