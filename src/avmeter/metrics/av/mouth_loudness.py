"""Mouth and loudness: is the sound loud when the mouth is open?

    correlation of opening(k) and level(k) over the frames k, both from 2 to 7 Hz

`opening` is how far the inner lips are apart over the distance of the eyes, from MediaPipe's mesh of 468 landmarks in
faces that BlazeFace finds; `level` is the amplitude from 500 to 4000 Hz, which the mouth shapes, around every 1/25 s.
Smiles and pauses are slower than 2 Hz, the rhythm of syllables is not. It is arithmetic on what can be seen and heard,
no network that was trained to judge sync: a check of `av.lip_sync` that is independent of it. Beside the score stand
the correlation at every shift of the sound by up to 15 frames, the shift where it is highest (`offset_frames`, above 0:
the sound is early), and `chance`, the standard deviation of the score when the two have nothing to do with each other.
Of several faces the one whose mouth moves most from 2 to 7 Hz counts, whatever the sound: where speakers take turns,
part of the sound is another's.

A good value: that of real clips of the same kind. Eight filmed speakers of 5 to 20 s had 0.20 in the mean, from -0.07
to 0.43, and their mouths over the speech of another -0.02, with a deviation of 0.18: one clip says little, the mean of
a set a lot. The offset was within 2 frames for seven of the eight, and followed shifts of theirs by 3 to 8 frames to
the frame in 29 of 32 cases. Compression moves the value: one clip had 0.011 lossless and -0.116 at crf 18. Compare
clips that were encoded alike.
Not seen: which sounds are formed, as M and A of one loudness; a constant offset below 2 frames, since mouths open
before they sound; music and noise beside the voice, which lower it; faces from the side, under 50 pixels or a seventh
of the longer side of the frame, or seen for less than 2 s; nobody speaking.

Source: the band of 2 to 7 Hz and the kind of comparison are those of Chandrasekaran et al., "The Natural Statistics of
Audiovisual Speech" (2009); there is no published program. Landmarks: Kartynnik et al., "Real-time Facial Surface
Geometry from Monocular Video on Mobile GPUs" (2019).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.dsp.band_level import FPS, rhythm
from avmeter.errors import SkipCode, SkipError
from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.option_values import require_at_least
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample
from avmeter.stats.lagged_correlation import lagged_correlation

_REACH = 15  # frames that the sound is shifted by either way
_LOW_HZ, _HIGH_HZ = 2.0, 7.0
_LEAST_SEEN = 0.8  # of the frames of a face
_LEAST_TRACK = 25  # frames
_LEAST_MOVEMENT = 1e-5  # of the distance of the eyes
_SILENCE = 1e-6  # of full scale


@dataclass(frozen=True, kw_only=True)
class _Mouth:
    """The mouth of one face.

    Attributes:
        number: Of its track.
        movement: (T,), `rhythm` of its opening.
        opening: Mean over all frames.
        seen: Share of the frames in which the mesh sees it.
    """

    number: int
    movement: npt.NDArray[np.float64]
    opening: float
    seen: float


@register("av.mouth_loudness")
class MouthLoudness(Metric):
    """Correlation of mouth opening and loudness, -1 to 1; higher is better.

    Args:
        min_track: A face must be found in more frames of 25 a second than this.
        min_face_size: Its box must be larger than this, pixels.
        protocol: Makes no difference here.
    """

    direction = "higher"
    range = (-1.0, 1.0)

    def __init__(self, *, min_track: int = 50, min_face_size: int = 50, protocol: str = FASTVIDEO) -> None:
        super().__init__(protocol=protocol)
        require_at_least(_LEAST_TRACK, min_track=min_track)
        require_at_least(1, min_face_size=min_face_size)
        self.min_track = min_track
        self.min_face_size = min_face_size

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), **self._of_faces()}

    def _of_faces(self) -> dict[str, Any]:
        return {"min_track": self.min_track, "min_face_size": self.min_face_size}

    @property
    def needs(self) -> tuple[Need, ...]:
        return (
            Need(name="mouths", field="video", extractor="faces_mouths", options=self._of_faces()),
            Need(name="sound", field="audio", extractor="speech_envelope"),
        )

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        tracks, level = features["mouths"].facts["tracks"], features["sound"]["level"].astype(np.float64)
        mouths = _mouths(features["mouths"], sample)
        best = max(mouths, key=lambda mouth: float(mouth.movement.std()))
        track = tracks[best.number]
        start = track["start"]
        num_ticks = min(track["num_ticks"], len(level) - start)
        if num_ticks <= self.min_track:
            raise SkipError(
                SkipCode.TOO_SHORT,
                f"{sample.id}: {len(level) / FPS:.2f} s of sound; more than {self.min_track / FPS:.2f} s of a "
                "face must have some",
                hint="`min_track` of the metric says in how many frames of 25 a second",
            )
        if level[start : start + num_ticks].max() < _SILENCE:
            raise SkipError(SkipCode.SILENT, f"{sample.id}: no sound from 500 to 4000 Hz while the face is seen")
        if best.movement.std() < _LEAST_MOVEMENT:
            raise SkipError(SkipCode.STILL_PICTURE, f"{sample.id}: the mouth does not move")
        heard = rhythm(level, low_hz=_LOW_HZ, high_hz=_HIGH_HZ)
        found = lagged_correlation(best.movement[:num_ticks], heard, start=start, reach=_REACH)
        details = {
            **_at_lags(found),
            "chance": 1 / math.sqrt(2 * (_HIGH_HZ - _LOW_HZ) * num_ticks / FPS),
            "fps": FPS,
            "detector": "blazeface",
            "mouth": {
                "opening": round(best.opening, 4),
                "movement": round(float(best.movement.std()), 4),
                "share_seen": round(best.seen, 3),
            },
            "track": {
                "start_s": start / FPS,
                "duration_s": track["num_ticks"] / FPS,
                "side_px": track["side"],
                "position": track["position"],
            },
        }
        if len(tracks) > 1:
            details["num_faces"] = len(tracks)
            details["note"] = f"{len(tracks)} faces: of those seen from the front the one whose mouth moves most counts"
            details["other_mouths"] = [
                {"movement": round(float(mouth.movement.std()), 4), "position": tracks[mouth.number]["position"]}
                for mouth in mouths
                if mouth is not best
            ]
        return MetricResult(self.name, float(found[_REACH]), details)


def _mouths(faces: Any, sample: Sample) -> list[_Mouth]:
    """Return the mouths of all faces that the mesh sees in most frames; in the others the opening moves evenly.

    Raises:
        SkipError: There is none.
    """
    found, most = [], 0.0
    for number in range(len(faces.facts["tracks"])):
        is_face = faces["track"] == number
        opening, seen = faces["opening"][is_face].astype(np.float64), faces["presence"][is_face] > 0
        most = max(most, float(seen.mean()))
        if seen.mean() >= _LEAST_SEEN:
            opening = np.interp(np.arange(len(opening)), np.flatnonzero(seen), opening[seen])
            movement = rhythm(opening, low_hz=_LOW_HZ, high_hz=_HIGH_HZ)
            found.append(
                _Mouth(number=number, movement=movement, opening=float(opening.mean()), seen=float(seen.mean()))
            )
    if not found:
        raise SkipError(
            SkipCode.NO_FACE,
            f"{sample.id}: no face from the front: the mesh sees one in {most:.0%} of the frames of a detected face; "
            f"needs {_LEAST_SEEN:.0%}",
            hint="leave out this metric where nobody looks towards the camera",
        )
    return found


def _at_lags(found: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Return where the correlation is highest, and all of it; the sound that is early is compared with later frames."""
    highest = int(np.nanargmax(found))
    details: dict[str, Any] = {
        "offset_frames": _REACH - highest,
        "offset_s": (_REACH - highest) / FPS,
        "correlation_at_offset": float(found[highest]),
        "correlations": [None if math.isnan(value) else round(float(value), 4) for value in found],
    }
    if abs(_REACH - highest) == _REACH:
        details["out_of_range"] = f"the offset is the largest that is looked at: it may be {_REACH} frames or more"
    return details
