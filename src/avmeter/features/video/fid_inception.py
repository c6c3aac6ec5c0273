"""Inception features of frames, as the Fréchet inception distance reads them.

Source: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium" (2017).
Frames are stretched to 299 x 299 as TensorFlow's graph does it, bilinear with pixels at their corners and no
antialiasing, and brought to (level - 128) / 128. torch-fidelity and torchmetrics do so too; pytorch-fid has torch's own
bilinear interpolation, with pixels at their centres, and clean-fid Pillow's bicubic one with antialiasing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from avmeter.errors import UsageError
from avmeter.features.base import Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.media import FrameRequest, MediaItem
from avmeter.nets import fid_inception
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime


@register_extractor("fid_inception")
class FidInceptionExtractor(NetworkExtractor):
    """Array `embedding` (F, 2048), a row for each frame; fact `frames`, their numbers.

    Args:
        num_frames: Frames of a clip, those in the middle of so many parts of equal length; all of a shorter clip.
    """

    needs_rate = False
    takes = "video"
    entries = ("fid-inception",)
    option_names = ("num_frames",)
    batch_size = 4
    gpu_batch_size = 64

    def __init__(self, *, num_frames: int = 8) -> None:
        if num_frames < 1:
            raise UsageError(f"num_frames is {num_frames}", hint="one frame or more")
        self.num_frames = num_frames

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return fid_inception.build(), fid_inception.KEY_MAP

    def checkpoint(self, runtime: Runtime) -> Mapping[str, Tensor]:
        return fid_inception.renamed(super().checkpoint(runtime))

    def _request(self, media: MediaItem) -> FrameRequest:
        return FrameRequest(indices=middle_frames(len(media.frame_times), self.num_frames), output="uint8")

    def requests(self, media: MediaItem) -> tuple[FrameRequest, ...]:
        return (self._request(media),)

    def windows(self, media: MediaItem) -> Iterator[Window]:
        request = self._request(media)
        frames = media.frames(request)
        for position, index in enumerate(request.indices):
            frame = np.ascontiguousarray(np.asarray(frames[position]))
            yield Window(inputs={"frame": frame}, start_s=float(media.frame_times[index]))

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        return {"frames": list(self._request(media).indices)}

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        pictures = resized_from_corners(batch["frame"].float(), fid_inception.SIDE)
        return {"features": self._net((pictures - 128) / 128)}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(arrays={"embedding": np.stack([o["features"] for o in outputs])}, facts=facts)


def middle_frames(num_frames: int, count: int) -> tuple[int, ...]:
    """Return the frames in the middle of `count` parts of equal length; every frame where there are no more."""
    if num_frames <= count:
        return tuple(range(num_frames))
    return tuple(int((2 * part + 1) * num_frames // (2 * count)) for part in range(count))


def resized_from_corners(pictures: Tensor, side: int) -> Tensor:
    """Stretch pictures (B, 3, H, W) to (B, 3, side, side) as TensorFlow's `ResizeBilinear` of 2015.

    Pixel i of the result lies at i * H / side, and takes from the two rows around that.
    """
    rows, columns = (_taps(length, side, pictures) for length in pictures.shape[2:])
    return rows @ pictures @ columns.T


def _taps(length: int, side: int, like: Tensor) -> Tensor:
    """Return the weights (side, length) of one axis."""
    places = torch.arange(side, dtype=torch.float32, device=like.device) * (length / side)
    below = places.floor().long().clamp_(max=length - 1)
    share = (places - below)[:, None]
    taps = torch.zeros(side, length, device=like.device)
    taps.scatter_(1, below[:, None], 1 - share)
    return taps.scatter_add_(1, (below + 1).clamp_(max=length - 1)[:, None], share)
