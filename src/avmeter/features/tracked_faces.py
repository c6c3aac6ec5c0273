"""Faces that a detector saw and that are followed through a shot, cut out of frames that are read a second time.

    boxes of a detector -> tracks, shot by shot -> those that are long and large enough -> crops -> windows

Source: joonson/syncnet_python, `run_pipeline.py`, with its numbers: boxes of a track overlap by more than half, at most
25 frames apart. Differs from it: of more than 8 usable faces in one shot the 8 largest are cut out.
"""

from __future__ import annotations

import abc
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Extractor, Features, Window, get_extractor
from avmeter.features.face_crops import Crops, by_tick, shots_of
from avmeter.features.fixed_rate import FPS, Ticks
from avmeter.features.frame_network import FrameNetwork
from avmeter.features.frame_stream import Frame, FrameConsumer, RevisitingExtractor, as_bytes
from avmeter.media import MediaItem
from avmeter.stats.box_tracks import Track, tracks_of_shot

_OVERLAP, _LONGEST_GAP = 0.5, 25
_MOST_FACES = 8  # of a shot


class TrackedFaces(FrameNetwork, RevisitingExtractor):
    """A network over the faces of a video, each cut out of 25 frames a second.

    `forward` gets `faces` (B, F, side, side, 3) uint8, `F` faces of one track in a row. The facts that go to `pool` are
    `tracks`: of each face `start` and `num_ticks`, in steps of 1/25 s, `num_found`, in how many of them the detector
    saw it, `side`, pixels, and `position`, the mean middle as shares of width and height; `cut`, track and first tick
    of every window; `num_ticks` and `num_seen` of the video.

    Attributes:
        detector: Finds the faces: "s3fd" or "blazeface".
        min_track: A face must be found in more frames than this.
        min_face_size: Its box must be larger than this, pixels.
        faces_at_once: Most faces of a window.
        faces_shared: Faces at the end of a window that the next one of the track has again; a window has more.
    """

    takes = "video"
    detector: str
    min_track: int
    min_face_size: int
    faces_at_once: ClassVar[int]
    faces_shared: ClassVar[int] = 0

    @abc.abstractmethod
    def face(self, crops: Crops, frame: npt.NDArray[np.uint8], place: int) -> npt.NDArray[np.uint8]:
        """Return the face (side, side, 3) of the box at a place of a track, out of its frame (H, W, 3)."""

    def parents(self) -> Mapping[str, Extractor]:
        return {"faces": get_extractor(f"faces_{self.detector}")}

    def consumer(self, *clips: MediaItem) -> FrameConsumer:
        (clip,) = clips
        assert self.found is not None
        return _Faces(self, clip, self.found["faces"], self._tracks(clip, self.found["faces"]))

    def _tracks(self, clip: MediaItem, faces: Features) -> list[Track]:
        """Return the faces that are long and large enough.

        Raises:
            SkipError: There is none.
        """
        num_ticks = int(faces.facts["num_ticks"])
        check_length(clip, num_ticks, min_track=self.min_track)
        tracks: list[Track] = []
        large: list[Track] = []
        for shot in shots_of(faces.facts["cuts"], num_ticks):
            if shot[1] - shot[0] >= self.min_track:
                boxes = by_tick(faces["boxes"].astype(np.float64), faces["ticks"], shot)
                found = tracks_of_shot(boxes, start=shot[0], overlap=_OVERLAP, longest_gap=_LONGEST_GAP)
                tracks += found
                large += sorted(filter(self._is_usable, found), key=lambda track: -track.side)[:_MOST_FACES]
        if not large:
            found_some = "`min_track` and `min_face_size` of the metric say how long and large a face has to be"
            hint = found_some if faces.facts["num_seen"] else ""
            raise SkipError(SkipCode.NO_FACE, f"{clip.name}: {self._why_none(faces, tracks)}", hint=hint)
        return sorted(large, key=lambda track: track.start)

    def _is_usable(self, track: Track) -> bool:
        return track.num_found > self.min_track and track.side > self.min_face_size

    def _why_none(self, faces: Features, tracks: Sequence[Track]) -> str:
        long = [track for track in tracks if track.num_found > self.min_track]
        seen, frames = faces.facts["num_seen"], faces.facts["num_ticks"]
        if not seen:
            return f"no face in {frames} frames ({self.detector})"
        if not long:
            longest = max((track.num_found for track in tracks), default=0)
            return (
                f"a face in {seen} of {frames} frames, none followed in more than {self.min_track} of one shot; "
                f"the longest in {longest} ({self.detector})"
            )
        largest = max(track.side for track in long)
        return f"no face is larger than {self.min_face_size} pixels, only {largest:.0f} ({self.detector})"


def check_length(clip: MediaItem, num_ticks: int, *, min_track: int) -> None:
    """Check that a face could be seen for long enough.

    Args:
        clip: The video.
        num_ticks: How many steps of 1/25 s it lasts.
        min_track: A face must be found in more of them than this.

    Raises:
        SkipError: `too_short`.
    """
    if num_ticks <= min_track:
        raise SkipError(
            SkipCode.TOO_SHORT,
            f"{clip.name}: {num_ticks / FPS:.2f} s; a face must be seen for more than {min_track / FPS:.2f} s",
            hint="`min_track` of the metric says in how many frames of 25 a second",
        )


def pooled_faces(outputs: Sequence[Mapping[str, Any]], facts: Mapping[str, Any], names: Sequence[str]) -> Features:
    """Return these outputs of all windows in a row, with arrays `track` and `tick` of each and the facts of the tracks.

    Args:
        outputs: Of every window, values (N, ...) of N steps from the window's first tick on.
        facts: Those of `TrackedFaces`.
        names: Of the outputs.
    """
    tracks, ticks = [], []
    for output, (track, first) in zip(outputs, facts["cut"], strict=True):
        count = len(output[names[0]])
        tracks.append(np.full(count, track))
        ticks.append(np.arange(first, first + count))
    arrays = {name: np.concatenate([output[name] for output in outputs]) for name in names}
    return Features(
        arrays={**arrays, "track": np.concatenate(tracks), "tick": np.concatenate(ticks)},
        facts={name: value for name, value in facts.items() if name != "cut"},
    )


class _Faces(FrameConsumer):
    """Cuts the faces of all tracks out of the frames of a clip."""

    def __init__(self, reader: TrackedFaces, clip: MediaItem, faces: Features, tracks: Sequence[Track]) -> None:
        self._reader = reader
        self._ticks = Ticks(clip)
        self._found = faces.facts
        self._crops = [Crops.of(track) for track in tracks]
        self._held: list[list[npt.NDArray[np.uint8]]] = [[] for _ in tracks]
        self._cut: list[tuple[int, int]] = []  # track and first tick of every window
        self.ranges = (self._ticks.frames,)

    def add(self, *frames: Frame | None) -> Iterable[Window]:
        (frame,) = frames
        assert frame is not None
        for tick in self._ticks.of_next_frame():
            for number, crops in enumerate(self._crops):
                place = tick - crops.track.start
                if 0 <= place < len(crops.track.boxes):
                    yield from self._take(number, self._reader.face(crops, as_bytes(frame), place), place)

    def _take(self, number: int, face: npt.NDArray[np.uint8], place: int) -> Iterable[Window]:
        """Add a face to its track; yield a window once it is full, or the track is at its end."""
        held, track = self._held[number], self._crops[number].track
        most, shared = self._reader.faces_at_once, self._reader.faces_shared
        held.append(face)
        is_last = place == len(track.boxes) - 1
        if len(held) < most and not is_last:
            return
        if len(held) > shared:
            first = track.start + place - len(held) + 1
            self._cut.append((number, first))
            yield Window(inputs={"faces": np.stack(held)}, start_s=first / FPS, duration_s=len(held) / FPS)
        del held[: most - shared if not is_last else None]

    def finish(self) -> Mapping[str, Any]:
        width, height = self._found["size"]
        tracks = [
            {
                "start": crops.track.start,
                "num_ticks": len(crops.track.boxes),
                "num_found": crops.track.num_found,
                "side": round(crops.track.side, 1),
                "position": [round(float(crops.x.mean() / width), 3), round(float(crops.y.mean() / height), 3)],
            }
            for crops in self._crops
        ]
        return {
            "tracks": tracks,
            "cut": self._cut,
            "num_ticks": self._found["num_ticks"],
            "num_seen": self._found["num_seen"],
        }
