"""What detectors of faces share: 25 frames a second, shots, and boxes in pixels.

frame on the screen at every 1/25 s -> scaled for the detector -> network -> boxes and scores -> those that stay
                                    -> cuts from shot to shot
"""

from __future__ import annotations

import abc
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from avmeter.features.base import Extractor, Features, Window
from avmeter.features.fixed_rate import FPS, Ticks
from avmeter.features.frame_network import FrameNetwork
from avmeter.features.frame_stream import Frame, FrameConsumer, as_bytes
from avmeter.features.shot_cuts import ShotCuts
from avmeter.features.tracked_faces import TrackedFaces, check_length
from avmeter.media import MediaItem
from avmeter.stats.boxes import Boxes

_MOST = 750  # boxes of a frame that are looked at


class FaceDetector(FrameNetwork):
    """Array `boxes` (N, 4) float32: left, top, right, bottom in pixels; `scores` (N,), 0 to 1; `ticks` (N,), when.

    Those of a frame stand together, the likeliest first. Facts `num_ticks`, steps of 1/25 s of the video; `num_seen`,
    in how many of them there is a face; `cuts`, ticks at which a shot begins that is not the first; `size`, width and
    height of the frames.

    A clip that is too short for every one of those who follow faces is a skip before any is looked for.
    """

    batch_size = 4
    gpu_batch_size = 64
    _min_track: int | None = None  # the least of all readers

    def note_reader(self, reader: Extractor | None) -> None:
        least = reader.min_track if isinstance(reader, TrackedFaces) else 0
        self._min_track = least if self._min_track is None else min(least, self._min_track)

    @property
    def min_track(self) -> int:
        """Clips of so many steps of 1/25 s, and shorter ones, are of use to no reader; 0 where any clip is."""
        return self._min_track or 0

    def decoding_state(self) -> Mapping[str, Any]:
        return {**super().decoding_state(), "_min_track": self._min_track}

    @abc.abstractmethod
    def scaled(self, frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Return a frame (H, W, 3) as the network reads it, (h, w, 3)."""

    @abc.abstractmethod
    def detect(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return boxes (B, P, 4), as shares of the picture, and scores (B, P) of pictures (B, 3, h, w) of 0 to 255."""

    @abc.abstractmethod
    def chosen(
        self, boxes: Boxes, scores: npt.NDArray[np.float64], size: tuple[int, int]
    ) -> tuple[Boxes, npt.NDArray[np.float64]]:
        """Return one box for each face, in pixels, and its score, the likeliest first.

        Args:
            boxes: (N, 4), as shares of the picture.
            scores: (N,).
            size: Width and height of the frame.
        """

    def consumer(self, *clips: MediaItem) -> FrameConsumer:
        (clip,) = clips
        return _Pictures(self, clip)

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        boxes, scores = self.detect(batch["pixels"].permute(0, 3, 1, 2).float())
        scores, places = scores.topk(min(_MOST, scores.shape[1]), dim=1)
        return {"boxes": torch.gather(boxes, 1, places[..., None].expand(-1, -1, 4)), "scores": scores}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        boxes: list[Boxes] = [np.zeros((0, 4))]
        scores: list[npt.NDArray[np.float64]] = [np.zeros(0)]
        ticks: list[npt.NDArray[np.int64]] = [np.zeros(0, np.int64)]
        for output, (first, count) in zip(outputs, facts["shown"], strict=True):
            whole = np.isfinite(output["boxes"]).all(axis=1)
            found, likely = self.chosen(
                output["boxes"][whole].astype(np.float64),
                output["scores"][whole].astype(np.float64),
                tuple(facts["size"]),
            )
            for tick in range(first, first + count):
                boxes.append(found)
                scores.append(likely)
                ticks.append(np.full(len(found), tick))
        arrays: dict[str, npt.NDArray[Any]] = {
            "boxes": np.concatenate(boxes).astype(np.float32),
            "scores": np.concatenate(scores).astype(np.float32),
            "ticks": np.concatenate(ticks),
        }
        kept = {name: value for name, value in facts.items() if name != "shown"}
        return Features(arrays=arrays, facts={**kept, "num_seen": len(set(arrays["ticks"].tolist()))})


class _Pictures(FrameConsumer):
    """A window for each frame that is shown."""

    def __init__(self, detector: FaceDetector, clip: MediaItem) -> None:
        self._ticks = Ticks(clip)
        if detector.min_track:
            check_length(clip, self._ticks.num_ticks, min_track=detector.min_track)
        self._detector = detector
        self._cuts = ShotCuts()
        self._shown: list[tuple[int, int]] = []
        self._size = (clip.info.video[0].width, clip.info.video[0].height)
        self.ranges = (self._ticks.frames,)

    def add(self, *frames: Frame | None) -> Iterable[Window]:
        (frame,) = frames
        assert frame is not None
        ticks = self._ticks.of_next_frame()
        if not ticks:
            return
        self._cuts.add(frame, ticks.start)
        self._shown.append((ticks.start, len(ticks)))
        self._size = (frame.shape[1], frame.shape[0])
        yield Window(
            inputs={"pixels": self._detector.scaled(as_bytes(frame))},
            start_s=ticks.start / FPS,
            duration_s=len(ticks) / FPS,
        )

    def finish(self) -> Mapping[str, Any]:
        return {
            "num_ticks": self._ticks.num_ticks,
            "shown": self._shown,
            "cuts": self._cuts.cuts,
            "size": list(self._size),
        }
