"""SyncNet's embeddings of faces: of every 5 frames of each face that is tracked, at 25 frames a second.

    boxes of a detector -> tracks, shot by shot -> crops of 224 x 224 -> network -> an embedding for every step

Source: joonson/syncnet_python, `run_pipeline.py` and `SyncNetInstance.py`, with its numbers: a track has more than 100
boxes and a face of more than 100 pixels. What differs stands in `tracked_faces`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from avmeter.errors import UnknownNameError
from avmeter.features.base import Features, Window
from avmeter.features.face_crops import Crops
from avmeter.features.syncnet.base import AT_ONCE, SyncNetPart
from avmeter.features.tracked_faces import TrackedFaces, pooled_faces
from avmeter.nets.syncnet import NUM_FRAMES, SIDE
from avmeter.registry import register_extractor

DETECTORS = ("s3fd", "blazeface")


@register_extractor("syncnet_faces")
class SyncNetFaces(SyncNetPart, TrackedFaces):
    """Arrays `embedding` (M, 1024) float32, `track` (M,) and `tick` (M,): of which face, and from when on.

    Facts are those of `TrackedFaces`.

    Args:
        detector: "s3fd" or "blazeface".
        min_track: A face must be found in more frames than this.
        min_face_size: Its box must be larger than this, pixels.
    """

    batch_size = 1
    gpu_batch_size = 8
    option_names = ("detector", "min_track", "min_face_size")
    faces_at_once = AT_ONCE + NUM_FRAMES - 1
    faces_shared = NUM_FRAMES - 1

    def __init__(self, *, detector: str = "s3fd", min_track: int = 100, min_face_size: int = 100) -> None:
        if detector not in DETECTORS:
            raise UnknownNameError.among("detector", detector, DETECTORS)
        self.detector = detector
        self.min_track = min_track
        self.min_face_size = min_face_size

    def face(self, crops: Crops, frame: npt.NDArray[np.uint8], place: int) -> npt.NDArray[np.uint8]:
        return crops.cut(frame, place, SIDE)

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        blue_first = batch["faces"].flip(-1).permute(0, 4, 1, 2, 3)
        return {"embedding": self._net.embed_faces(blue_first.float())}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return pooled_faces(outputs, facts, ("embedding",))
