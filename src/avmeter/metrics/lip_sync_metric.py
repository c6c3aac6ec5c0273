"""What the metrics of lip sync share: the distances of SyncNet's embeddings, and whose lips they are.

Programs that do this share the network, its weights and the way faces are cut out; they differ in how long a face must
be seen, and in what several faces come to.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np

from avmeter.errors import SkipCode, SkipError, UnknownNameError
from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.option_values import require_at_least
from avmeter.protocols import FASTVIDEO
from avmeter.result import MetricResult
from avmeter.sample import Sample
from avmeter.stats.lip_offset import LipOffset, lip_offset

DETECTORS = ("s3fd", "blazeface")
SYNCNET, LATENTSYNC = PROGRAMS = ("syncnet-python", "latentsync")
_MIN_TRACK = {SYNCNET: 100, LATENTSYNC: 50}  # frames
FPS = 25
REACH = 15  # frames that the sound is shifted by either way
_TAIL = 5  # frames at the end of a face, or of the sound, of which no embedding counts
_LEAST_TRACK = 6  # frames; of fewer the median of the boxes is 0


class LipSyncMetric(Metric):
    """Lips and speech of the face that fits the sound best, or of all faces.

    Args:
        detector: Finds faces: "s3fd", as published, or "blazeface", whose weights a package carries.
        program: Whose numbers are to be met: "syncnet-python", or "latentsync", which takes the mean over all faces.
        min_track: A face must be found in more frames of 25 a second than this; None is 100, for "latentsync" 50.
        min_face_size: Its box must be larger than this, pixels.
        protocol: Makes no difference here.
    """

    def __init__(
        self,
        *,
        detector: str = "s3fd",
        program: str = SYNCNET,
        min_track: int | None = None,
        min_face_size: int = 100,
        protocol: str = FASTVIDEO,
    ) -> None:
        super().__init__(protocol=protocol)
        if detector not in DETECTORS:
            raise UnknownNameError.among("detector", detector, DETECTORS)
        if program not in PROGRAMS:
            raise UnknownNameError.among("program", program, PROGRAMS)
        min_track = _MIN_TRACK[program] if min_track is None else min_track
        require_at_least(_LEAST_TRACK, min_track=min_track)
        require_at_least(1, min_face_size=min_face_size)
        self.detector = detector
        self.program = program
        self.min_track = min_track
        self.min_face_size = min_face_size

    @classmethod
    def choices(cls) -> Mapping[str, Sequence[str]]:
        return {**super().choices(), "detector": DETECTORS, "program": PROGRAMS}

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "program": self.program, **self._of_faces()}

    def _of_faces(self) -> dict[str, Any]:
        return {"detector": self.detector, "min_track": self.min_track, "min_face_size": self.min_face_size}

    @property
    def needs(self) -> tuple[Need, ...]:
        return (
            Need(name="faces", field="video", extractor="syncnet_faces", options=self._of_faces()),
            Need(name="sound", field="audio", extractor="syncnet_sound"),
        )

    @abc.abstractmethod
    def value(self, found: LipOffset) -> float:
        """Return the score of what was found."""

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        facts = features["faces"].facts
        faces = dict(_offsets(features))
        if not faces:
            raise SkipError(
                SkipCode.TOO_SHORT,
                f"{sample.id}: {features['sound'].facts['num_ticks'] / FPS:.2f} s of sound, and no face of which "
                f"more than {_TAIL} frames have sound",
            )
        number = max(faces, key=lambda track: faces[track].confidence)
        track = facts["tracks"][number]
        best = _mean(faces[number], list(faces.values())) if self.program == LATENTSYNC else faces[number]
        if not np.isfinite([best.distance, best.confidence]).all():
            raise SkipError(SkipCode.NON_FINITE, f"{sample.id}: distances of the embeddings are not finite")
        details: dict[str, Any] = {
            "lse_c": best.confidence,
            "lse_d": best.distance,
            "offset_frames": best.offset,
            "offset_s": best.offset / FPS,
            "fps": FPS,
            "detector": self.detector,
            "program": self.program,
            "crop": "224x224, 0.4 of half a face on either side, 0.8 below",
            "track": {
                "start_s": track["start"] / FPS,
                "duration_s": track["num_ticks"] / FPS,
                "share_found": round(track["num_found"] / track["num_ticks"], 3),
                "side_px": track["side"],
                "position": track["position"],
            },
            "share_of_frames_with_face": round(facts["num_seen"] / facts["num_ticks"], 3),
            "distances": [round(float(d), 4) for d in best.distances],
        }
        if len(faces) > 1:
            details["num_faces"] = len(faces)
            details["other_faces"] = [
                {"lse_c": round(f.confidence, 4), "start_s": facts["tracks"][n]["start"] / FPS}
                for n, f in faces.items()
                if n != number
            ]
            counts = "the mean of all" if self.program == LATENTSYNC else "the one whose lips fit the sound best"
            details["note"] = f"{len(faces)} faces: {counts} counts"
        if abs(best.offset) == REACH:
            details["out_of_range"] = f"the offset is the largest that is looked at: it may be {REACH} frames or more"
        return MetricResult(self.name, self.value(best), details)


def _mean(best: LipOffset, faces: Sequence[LipOffset]) -> LipOffset:
    """Return the mean of several faces, with the distances of the best one; the offset is cut off to a whole number.

    Source: bytedance/LatentSync at a229c39, `eval/eval_sync_conf.py`, `syncnet_eval`.
    """
    return dataclasses.replace(
        best,
        distance=fmean(face.distance for face in faces),
        confidence=fmean(face.confidence for face in faces),
        offset=int(fmean(face.offset for face in faces)),
    )


def _offsets(features: FeatureSet) -> Iterator[tuple[int, LipOffset]]:
    """Yield number and offset of every face of which enough has sound."""
    faces, sound = features["faces"], features["sound"]
    for number, track in enumerate(faces.facts["tracks"]):
        start = track["start"]
        num_ticks = min(track["num_ticks"], sound.facts["num_ticks"] - start)
        count = min(num_ticks - _TAIL, len(sound["embedding"]) - start)
        if count > 0:
            seen = faces["embedding"][faces["track"] == number][:count]
            yield number, lip_offset(faces=seen, sound=sound["embedding"][start : start + count], reach=REACH)
