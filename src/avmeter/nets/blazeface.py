"""BlazeFace, short range: where faces are in a picture, for faces within two metres of a camera.

Paper: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs" (arXiv 1907.05047).
Published weights: `face_detection_short_range.tflite` of github.com/google-ai-edge/mediapipe, Apache-2.0, whose graph
this is; how its numbers become boxes is in `tensors_to_detections_calculator.cc` and `ssd_anchors_calculator.cc`
there, and in Python in face-detection-tflite 0.6.0 (MIT). 0.1 million parameters.

    pixels (B, 3, 128, 128), -1 to 1
      | 5 x 5, by 2, ReLU
    (B, 24, 64, 64)
      | 16 blocks: depthwise 3 x 3, 1 x 1, plus what came in (its maximum where the size is halved), ReLU
    (B, 88, 16, 16) behind the eleventh, (B, 96, 8, 8) behind the last
      | 1 x 1 for scores and for boxes; 2 anchors for each cell of the first, 6 for each of the second
    896 boxes and scores

Letters: `B` batch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from avmeter.errors import UsageError
from avmeter.nets.blaze_block import BlazeBlock
from avmeter.nets.empty import empty_network
from avmeter.nets.keys import KeyMap

SIDE = 128  # pixels of a picture
_STEM = 24
# Channels behind every block, and whether it halves the size.
_BLOCKS = (
    (24, False), (28, False), (32, True), (36, False), (42, False), (48, True), (56, False), (64, False),
    (72, False), (80, False), (88, False), (96, True), (96, False), (96, False), (96, False), (96, False),
)  # fmt: skip
_FINE_BLOCK = 10  # whose map the heads of the finer scale read
_CELLS, _ANCHORS = (16, 8), (2, 6)  # along a side, and of a cell, of both scales
_NUMBERS = 16  # of an anchor: centre and size of a box, and six points of the face, which nothing here reads
_SCORE_LIMIT = 80.0


class BlazeFace(nn.Module):
    """Boxes and scores of every anchor."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, _STEM, 5, stride=2)
        before = (_STEM, *(channels for channels, _ in _BLOCKS))
        self.blocks = nn.ModuleList(
            BlazeBlock(before[i], after, halves=halves, activation=nn.ReLU())
            for i, (after, halves) in enumerate(_BLOCKS)
        )
        widths = (_BLOCKS[_FINE_BLOCK][0], _BLOCKS[-1][0])
        self.scores = nn.ModuleList(nn.Conv2d(w, a, 1) for w, a in zip(widths, _ANCHORS, strict=True))
        self.boxes = nn.ModuleList(nn.Conv2d(w, a * _NUMBERS, 1) for w, a in zip(widths, _ANCHORS, strict=True))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Find faces.

        Args:
            pixels: (B, 3, 128, 128), red, green and blue from -1 to 1.

        Returns:
            Boxes (B, 896, 4), left, top, right and bottom as shares of the picture; scores (B, 896), 0 to 1.

        Raises:
            UsageError: Another shape.
        """
        if pixels.dim() != 4 or pixels.shape[1:] != (3, SIDE, SIDE):
            raise UsageError(f"BlazeFace reads pictures (B, 3, {SIDE}, {SIDE}), got {tuple(pixels.shape)}")
        logits, numbers = self.heads(pixels)
        centre = numbers[..., 0:2] / SIDE + _anchors(pixels)
        half = numbers[..., 2:4] / SIDE / 2
        scores = logits.clamp(-_SCORE_LIMIT, _SCORE_LIMIT).sigmoid()
        return torch.cat([centre - half, centre + half], dim=-1), scores

    def heads(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (B, 896) and the numbers of every anchor (B, 896, 16), in pixels from it."""
        x = functional.relu(self.stem(functional.pad(pixels, (1, 2, 1, 2))))
        maps = []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in (_FINE_BLOCK, len(_BLOCKS) - 1):
                maps.append(x)
        scores = [_by_anchor(head(m), 1) for head, m in zip(self.scores, maps, strict=True)]
        boxes = [_by_anchor(head(m), _NUMBERS) for head, m in zip(self.boxes, maps, strict=True)]
        return torch.cat(scores, dim=1)[..., 0], torch.cat(boxes, dim=1)


def _by_anchor(found: Tensor, numbers: int) -> Tensor:
    """Return the numbers of every anchor (B, anchors, n), cell by cell, of a map (B, anchors of a cell * n, h, w)."""
    return found.permute(0, 2, 3, 1).reshape(len(found), -1, numbers)


def _anchors(like: Tensor) -> Tensor:
    """Return the centres (896, 2) of all anchors as shares of the picture."""
    found = []
    for cells, count in zip(_CELLS, _ANCHORS, strict=True):
        along = (torch.arange(cells, device=like.device, dtype=like.dtype) + 0.5) / cells
        y, x = torch.meshgrid(along, along, indexing="ij")
        found.append(torch.stack([x, y], dim=-1).reshape(-1, 2).repeat_interleave(count, dim=0))
    return torch.cat(found)


def _rules() -> tuple[tuple[str, str], ...]:
    """Return the official names: layers of a kind are numbered from the second one on."""
    rules = [(r"^stem\.", "conv2d.")]
    for number in range(len(_BLOCKS)):
        counted = f"_{number}" if number else ""
        rules.append((rf"^blocks\.{number}\.depthwise\.", f"depthwise_conv2d{counted}."))
        rules.append((rf"^blocks\.{number}\.pointwise\.", f"conv2d_{number + 1}."))
    for number, name in enumerate(("8", "16")):
        rules.append((rf"^scores\.{number}\.", f"classificator_{name}."))
        rules.append((rf"^boxes\.{number}\.", f"regressor_{name}."))
    return tuple(rules)


KEY_MAP = KeyMap(rules=_rules(), unused=(r"channel_padding(_\d+)?\.Paddings", r"reshape(_\d+)?\.shape"))
"""Names of the graph, as `read_tflite_tensors` has them; sizes of paddings and reshapes are no weights."""


def build(*, device: torch.device | str = "cpu") -> BlazeFace:
    """Build the network as `empty_network` does."""
    return empty_network(BlazeFace, device=device)
