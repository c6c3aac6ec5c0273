"""What detectors share: ticks, shots, and boxes of frames that are shown more than once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from avmeter.engine.decode.messages import Recipe
from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import get_extractor
from avmeter.features.faces.base import FaceDetector
from avmeter.features.syncnet.faces import SyncNetFaces
from avmeter.media import MediaItem


class Brightest(FaceDetector):
    """One box, whose score is the brightness of the picture; another that is not finite."""

    name = "brightest"

    def scaled(self, frame: np.ndarray) -> np.ndarray:
        return frame[:1, :1]

    def architecture(self, runtime: Any) -> Any:
        raise NotImplementedError

    def detect(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        scores = pictures.mean(dim=(1, 2, 3)) / 255
        boxes = torch.tensor([[0.0, 0.0, 1.0, 0.5], [0.0, 0.0, torch.inf, 1.0]])
        return boxes.expand(len(scores), -1, -1), scores[:, None].expand(-1, 2)

    def chosen(self, boxes: np.ndarray, scores: np.ndarray, size: tuple[int, int]) -> Any:
        is_bright = scores > 0.5
        return boxes[is_bright] * np.tile(size, 2), scores[is_bright]


def clip(levels: list[int], fps: float) -> MediaItem:
    frames = np.array(levels, np.uint8)[:, None, None, None] * np.ones((1, 8, 16, 3), np.uint8)
    return MediaItem.from_frames(frames, fps)


def features(item: MediaItem) -> Any:
    detector, outputs = Brightest(), []
    consumer = detector.consumer(item)
    for (group,) in zip(item.frame_groups(consumer.ranges[0], 1, planar=False)):
        for window in consumer.add(group[0]):
            batch = {name: torch.from_numpy(np.ascontiguousarray(a))[None] for name, a in window.inputs.items()}
            outputs.append({name: value[0].numpy() for name, value in detector.forward(batch).items()})
    return detector.pool(outputs, [], consumer.finish())


def test_box_of_a_frame_that_is_shown_twice_counts_twice() -> None:
    """Ticks and boxes in pixels; what is not finite is left out."""
    found = features(clip([0, 255, 0], 12.5))
    assert found["ticks"].tolist() == [2, 3]
    assert found["boxes"].tolist() == [[0, 0, 16, 4]] * 2
    assert found["scores"].tolist() == [1, 1]
    assert found.facts == {"num_ticks": 6, "cuts": [2], "size": [16, 8], "num_seen": 2}


def test_clip_without_faces_has_no_boxes() -> None:
    """Empty arrays, and how long it was looked."""
    found = features(clip([0, 0], 25))
    assert found["boxes"].shape == (0, 4)
    assert found.facts["num_ticks"] == 2


@pytest.mark.parametrize(
    ("readers", "least"),
    [((), 0), ((50,), 50), ((100, 50), 50), ((50, 100), 50), ((50, None), 0), ((None, 50), 0)],
)
def test_clip_that_is_too_short_for_all_readers_is_refused_before_a_face_is_looked_for(
    readers: tuple[int | None, ...], least: int
) -> None:
    """The least of what they need counts, also in a process that decodes; a metric that reads boxes needs nothing."""
    detector = get_extractor("faces_blazeface")
    for reader in readers:
        detector.note_reader(None if reader is None else SyncNetFaces(min_track=reader))
    built = Recipe.of(detector).build()
    assert isinstance(built, FaceDetector)
    assert built.identity() == get_extractor("faces_blazeface").identity()
    assert built.consumer(clip([0] * (least + 1), 25)).ranges == (range(least + 1),)
    if least:
        with pytest.raises(SkipError, match=rf"{least / 25:.2f} s; a face must be seen for more than") as caught:
            built.consumer(clip([0] * least, 25))
        assert (caught.value.code, bool(caught.value.hint)) == (SkipCode.TOO_SHORT, True)
