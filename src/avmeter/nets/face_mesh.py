"""Face mesh: where 468 landmarks of a face are, in a picture of that face.

Paper: Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs" (arXiv 1907.06724).
Published weights: `face_landmark.tflite` of github.com/google-ai-edge/mediapipe, Apache-2.0, whose graph this is. 0.6
million parameters.

    pixels (B, 3, 192, 192), 0 to 1
      | 3 x 3, by 2, PReLU
    (B, 16, 96, 96)
      | 14 blocks, the third of every three halves the size
    (B, 128, 6, 6)
      | landmarks: 3 blocks to 3 x 3, 1 x 1 to 32 channels, a block, 3 x 3
      | face: 1 block to 3 x 3, the same
    landmarks (B, 468, 3) in pixels, and a logit (B,): is it a face?

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

SIDE = 192  # pixels of a picture
NUM_LANDMARKS = 468
_STEM = 16
# Channels behind every block, and whether it halves the size.
_TRUNK = (
    (16, False), (16, False), (32, True), (32, False), (32, False), (64, True), (64, False), (64, False),
    (128, True), (128, False), (128, False), (128, True), (128, False), (128, False),
)  # fmt: skip
_TO_LANDMARKS = ((128, True), (128, False), (128, False))
_TO_FACE = ((128, True),)
_NARROW = 32


class FaceMesh(nn.Module):
    """Landmarks of a face, and whether it is one."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, _STEM, 3, stride=2), nn.PReLU(_STEM))
        self.trunk = _blocks(_STEM, _TRUNK)
        self.landmarks = _head(_TO_LANDMARKS, 3 * NUM_LANDMARKS)
        self.face = _head(_TO_FACE, 1)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Find the landmarks of a face that fills the picture but for a quarter of a face on every side.

        Args:
            pixels: (B, 3, 192, 192), red, green and blue from 0 to 1.

        Returns:
            Landmarks (B, 468, 3), right, down and away from the camera in pixels of the picture; logits (B,), above 0
            for a face.

        Raises:
            UsageError: Another shape.
        """
        if pixels.dim() != 4 or pixels.shape[1:] != (3, SIDE, SIDE):
            raise UsageError(f"FaceMesh reads pictures (B, 3, {SIDE}, {SIDE}), got {tuple(pixels.shape)}")
        x = self.trunk(self.stem(functional.pad(pixels, (0, 1, 0, 1))))
        return self.landmarks(x).view(len(x), NUM_LANDMARKS, 3), self.face(x).flatten()


def _blocks(before: int, blocks: tuple[tuple[int, bool], ...]) -> nn.Sequential:
    widths = (before, *(after for after, _ in blocks))
    return nn.Sequential(
        *(
            BlazeBlock(widths[i], after, halves=halves, activation=nn.PReLU(after))
            for i, (after, halves) in enumerate(blocks)
        )
    )


def _head(blocks: tuple[tuple[int, bool], ...], numbers: int) -> nn.Sequential:
    width = _TRUNK[-1][0]
    return nn.Sequential(
        _blocks(width, blocks),
        nn.Conv2d(width, _NARROW, 1),
        nn.PReLU(_NARROW),
        BlazeBlock(_NARROW, _NARROW, halves=False, activation=nn.PReLU(_NARROW)),
        nn.Conv2d(_NARROW, numbers, 3),
    )


def _rules() -> tuple[tuple[str, str], ...]:
    """Return the official names: layers of a kind are numbered in the order in which they were made."""
    rules = [(r"^stem\.0\.", "conv2d."), (r"^stem\.1\.", "p_re_lu.")]
    rules += _of_block("trunk", len(_TRUNK), depthwise=0, pointwise=1, slopes=1)
    rules += _of_head("landmarks", len(_TO_LANDMARKS), depthwise=14, pointwise=15, slopes=15)
    rules += _of_head("face", len(_TO_FACE), depthwise=22, pointwise=27, slopes=25)
    return tuple(rules)


def _of_head(name: str, count: int, *, depthwise: int, pointwise: int, slopes: int) -> list[tuple[str, str]]:
    return [
        *_of_block(f"{name}.0", count, depthwise=depthwise, pointwise=pointwise, slopes=slopes),
        (rf"^{name}\.1\.", f"conv2d_{pointwise + count}."),
        (rf"^{name}\.2\.", f"p_re_lu_{slopes + count}."),
        (rf"^{name}\.3\.depthwise\.", f"depthwise_conv2d_{depthwise + count}."),
        (rf"^{name}\.3\.pointwise\.", f"conv2d_{pointwise + count + 1}."),
        (rf"^{name}\.3\.activation\.", f"p_re_lu_{slopes + count + 1}."),
        (rf"^{name}\.4\.", f"conv2d_{pointwise + count + 2}."),
    ]


def _of_block(parent: str, count: int, *, depthwise: int, pointwise: int, slopes: int) -> list[tuple[str, str]]:
    rules = []
    for number in range(count):
        own = rf"^{parent.replace('.', chr(92) + '.')}\.{number}"
        first = f"_{depthwise + number}" if depthwise + number else ""
        rules.append((rf"{own}\.depthwise\.", f"depthwise_conv2d{first}."))
        rules.append((rf"{own}\.pointwise\.", f"conv2d_{pointwise + number}."))
        rules.append((rf"{own}\.activation\.", f"p_re_lu_{slopes + number}."))
    return rules


KEY_MAP = KeyMap(rules=_rules(), unused=(r"channel_padding(_\d+)?\.Paddings",))
"""Names of the graph, as `read_tflite_tensors` has them; sizes of paddings are no weights."""


def build(*, device: torch.device | str = "cpu") -> FaceMesh:
    """Build the network as `empty_network` does."""
    return empty_network(FaceMesh, device=device)
