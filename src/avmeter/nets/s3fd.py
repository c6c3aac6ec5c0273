"""S3FD: where faces are in a picture, as boxes with scores at six scales.

Paper: Zhang et al., "S3FD: Single Shot Scale-invariant Face Detector" (arXiv 1708.05237). Published code: the copy
in github.com/joonson/syncnet_python (MIT), `detectors/s3fd`, after github.com/yxlijun/S3FD.pytorch, with the weights
`sfd_face.pth`; 22.5 million parameters.

    pixels (B, 3, H, W), red, green and blue from 0 to 255
      | less the mean of each colour
      | VGG16's convolutions, a maximum between stages; the third rounds sizes up
      | 3 x 3 at every sixth pixel; 1 x 1
      | twice: 1 x 1; 3 x 3, by 2
    maps by 1/4, 1/8, 1/16 (over their norm, times a weight), 1/32, 1/64, 1/128
      | a convolution of 3 x 3 for boxes, and one for scores
    P boxes and scores, one of each for every cell of every map

A box is an anchor, a square of 4 cells around its cell, moved and scaled by what the network says. At the finest scale
the score against a face is the largest of three.

Letters: `B` batch, `P` cells of all maps.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from avmeter.errors import UsageError
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap

MIN_SIDE = 32  # pixels of the smallest picture whose maps are not empty
_MEAN = (123.0, 117.0, 104.0)  # red, green, blue
_STRIDES = (4, 8, 16, 32, 64, 128)
_ANCHOR_CELLS = 4
_MOVED, _SCALED = 0.1, 0.2  # variances that boxes were trained with
_NORM_EPS = 1e-10
# Channels behind every convolution; before "M" a maximum is taken, before "C" one that rounds sizes up.
_VGG: tuple[int | str, ...] = (
    64, 64, "M", 128, 128, "M", 256, 256, 256, "C", 512, 512, 512, "M", 512, 512, 512, "M",
)  # fmt: skip
_NORMED = {15: 256, 22: 512, 29: 512}
"""Layer of the trunk behind which a map is normed and read -> its channels."""
_CHANNELS = (256, 512, 512, 1024, 512, 256)


class S3fd(nn.Module):
    """Boxes and scores of every cell."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.ModuleList([*_vgg(), nn.Conv2d(512, 1024, 3, padding=6, dilation=6), nn.ReLU(),
                                    nn.Conv2d(1024, 1024, 1), nn.ReLU()])  # fmt: skip
        self.norms = nn.ModuleList(_Norm(channels) for channels in _NORMED.values())
        self.extras = nn.ModuleList(
            [
                nn.Conv2d(1024, 256, 1),
                nn.Conv2d(256, 512, 3, stride=2, padding=1),
                nn.Conv2d(512, 128, 1),
                nn.Conv2d(128, 256, 3, stride=2, padding=1),
            ]
        )
        self.boxes = nn.ModuleList(nn.Conv2d(channels, 4, 3, padding=1) for channels in _CHANNELS)
        self.scores = nn.ModuleList(
            nn.Conv2d(channels, 4 if number == 0 else 2, 3, padding=1) for number, channels in enumerate(_CHANNELS)
        )

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Find faces.

        Args:
            pixels: (B, 3, H, W), float, red, green and blue from 0 to 255; both sides 32 or more.

        Returns:
            Boxes (B, P, 4), left, top, right and bottom as shares of the picture; scores (B, P), 0 to 1.

        Raises:
            UsageError: Another shape.
        """
        if pixels.dim() != 4 or pixels.shape[1] != 3 or min(pixels.shape[2:]) < MIN_SIDE:
            raise UsageError(
                f"S3FD reads pictures (B, 3, H, W) of {MIN_SIDE} pixels or more, got {tuple(pixels.shape)}"
            )
        mean = torch.stack([torch.full((), value, dtype=pixels.dtype, device=pixels.device) for value in _MEAN])
        boxes, scores = [], []
        for number, found in enumerate(self.maps(pixels - mean[:, None, None])):
            anchors = _anchors(found, _STRIDES[number], pixels)
            boxes.append(_decoded(self.boxes[number](found).permute(0, 2, 3, 1).flatten(1, 2), anchors))
            logits = self.scores[number](found).permute(0, 2, 3, 1).flatten(1, 2)  # (B, cells, 2 or 4)
            against = logits[..., :-1].amax(dim=-1)
            scores.append(torch.stack([against, logits[..., -1]], dim=-1).softmax(dim=-1)[..., 1])
        return torch.cat(boxes, dim=1), torch.cat(scores, dim=1)

    def maps(self, x: Tensor) -> Iterator[Tensor]:
        """Yield the six maps (B, C, h, w) of pictures less their mean."""
        norms = iter(self.norms)
        for number, layer in enumerate(self.trunk):
            x = layer(x)
            if number in _NORMED:
                yield next(norms)(x)
        yield x
        for number, layer in enumerate(self.extras):
            x = functional.relu(layer(x))
            if number % 2 == 1:
                yield x


class _Norm(nn.Module):
    """Every cell over its Euclidean norm, times a weight for each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight[:, None, None] * (x / (x.pow(2).sum(dim=1, keepdim=True).sqrt() + _NORM_EPS))


def _vgg() -> Iterator[nn.Module]:
    before = 3
    for after in _VGG:
        if isinstance(after, str):
            yield nn.MaxPool2d(2, 2, ceil_mode=after == "C")
            continue
        yield nn.Conv2d(before, after, 3, padding=1)
        yield nn.ReLU()
        before = after


def _anchors(found: Tensor, stride: int, pixels: Tensor) -> Tensor:
    """Return centre and size (cells, 4) of the anchor of every cell, row by row, as shares of the picture."""
    height, width = pixels.shape[2:]
    down = (torch.arange(found.shape[2], device=found.device, dtype=torch.float64) + 0.5) * stride / height
    across = (torch.arange(found.shape[3], device=found.device, dtype=torch.float64) + 0.5) * stride / width
    y, x = torch.meshgrid(down, across, indexing="ij")
    side = _ANCHOR_CELLS * stride
    anchors = torch.stack([x, y, torch.full_like(x, side / width), torch.full_like(x, side / height)], dim=-1)
    return anchors.flatten(0, 1).to(pixels.dtype)


def _decoded(moves: Tensor, anchors: Tensor) -> Tensor:
    """Return boxes (B, cells, 4) by their corners."""
    centre = anchors[:, :2] + moves[..., :2] * _MOVED * anchors[:, 2:]
    size = anchors[:, 2:] * torch.exp(moves[..., 2:] * _SCALED)
    corner = centre - size / 2
    return torch.cat([corner, corner + size], dim=-1)


KEY_MAP = KeyMap(
    rules=(
        (r"^trunk\.", "vgg."),
        (r"^norms\.0\.", "L2Norm3_3."),
        (r"^norms\.1\.", "L2Norm4_3."),
        (r"^norms\.2\.", "L2Norm5_3."),
        (r"^boxes\.", "loc."),
        (r"^scores\.", "conf."),
    )
)
"""Names of `detectors/s3fd/nets.py`."""


def build(*, device: torch.device | str = "cpu") -> S3fd:
    """Build the network as `empty_network` does."""
    return empty_network(S3fd, device=device)
