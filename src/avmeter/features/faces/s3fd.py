"""Faces as SyncNet's own program finds them: by S3FD, in frames of a quarter of their size.

Source: joonson/syncnet_python, `run_pipeline.py` (`facedet_scale` 0.25, `conf_th` 0.9) and `detectors/s3fd`. A quarter
is OpenCV's, bilinear without antialiasing: of every 4 x 4 pixels the mean of the four in the middle.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from avmeter.errors import SkipCode, SkipError
from avmeter.features.faces.base import FaceDetector
from avmeter.nets import s3fd
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime
from avmeter.stats.boxes import Boxes, likeliest

SCALE = 4
_LEAST_SCORE = 0.9
_OVERLAPS = (0.3, 0.1)  # of boxes of one face, in two passes


@register_extractor("faces_s3fd")
class S3fdFaces(FaceDetector):
    """Array `boxes` (N, 4) float32: left, top, right, bottom in pixels; `scores` (N,), above 0.9; `ticks` (N,), when.

    Facts are those of `FaceDetector`.
    """

    entries = ("s3fd",)

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return s3fd.build(), s3fd.KEY_MAP

    def scaled(self, frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        found = quartered(frame)
        if min(found.shape[:2]) < s3fd.MIN_SIDE:
            height, width = frame.shape[:2]
            raise SkipError(
                SkipCode.TOO_SHORT,
                f"a frame is {width}x{height}: S3FD reads frames of {SCALE * s3fd.MIN_SIDE} or more pixels",
                hint="`detector=blazeface` reads smaller ones",
            )
        return found

    def detect(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        boxes, scores = self._net(pictures)
        return boxes, scores

    def chosen(
        self, boxes: Boxes, scores: npt.NDArray[np.float64], size: tuple[int, int]
    ) -> tuple[Boxes, npt.NDArray[np.float64]]:
        is_likely = scores > _LEAST_SCORE
        boxes, scores = boxes[is_likely] * np.tile(size, 2), scores[is_likely]
        for overlap in _OVERLAPS:
            kept = likeliest(boxes, scores, overlap=overlap)
            boxes, scores = boxes[kept], scores[kept]
        return boxes, scores


def quartered(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return a frame (H, W, 3) at a quarter of its size, sides rounded to the nearest whole, halves to the even."""
    sides = [round(side / SCALE) for side in frame.shape[:2]]
    rows, columns = (
        np.minimum(SCALE * np.arange(side)[:, None] + (1, 2), whole - 1)
        for side, whole in zip(sides, frame.shape[:2], strict=True)
    )
    middle = frame[rows.ravel()][:, columns.ravel()].astype(np.uint16).reshape(sides[0], 2, sides[1], 2, 3)
    quarter: npt.NDArray[np.uint8] = ((middle.sum(axis=(1, 3), dtype=np.uint16) + 2) // 4).astype(np.uint8)
    return quarter
