"""How far lips and speech are apart in time, by distances of their embeddings at every shift.

    mean over k of |face[k] - sound[k + shift]|, for every shift from -15 to 15
    the least of these is LSE-D, at the shift whose negative is the offset; their median less the least is LSE-C

Letters: `T` windows of a track, `D` embedding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avmeter.errors import StatsError

_EPS = 1e-6  # added to each difference


@dataclass(frozen=True, kw_only=True)
class LipOffset:
    """What the distances of one track say.

    Attributes:
        distance: LSE-D, the mean distance at the offset.
        confidence: LSE-C, the median of the mean distances less the least.
        offset: Steps by which the sound is early; below 0 it is late.
        distances: (2 * reach + 1,), mean distance at every shift of the sound, from `-reach` steps to `reach`.
    """

    distance: float
    confidence: float
    offset: int
    distances: npt.NDArray[np.float32]


def lip_offset(*, faces: npt.NDArray[np.float32], sound: npt.NDArray[np.float32], reach: int = 15) -> LipOffset:
    """Find the shift at which faces and sound are nearest.

    Args:
        faces: (T, D) embeddings, one for each step.
        sound: (T, D), of the same steps. Beyond its ends the sound counts as zeros.
        reach: Most steps of a shift.

    Raises:
        StatsError: No step, or different shapes.

    Source: joonson/syncnet_python, `SyncNetInstance.py`, `calc_pdist` and `evaluate`.
    """
    if faces.shape != sound.shape or faces.ndim != 2 or not len(faces):
        raise StatsError(f"embeddings of shapes {faces.shape} and {sound.shape}: need two equal ones (T, D), T >= 1")
    padded = np.pad(sound, ((reach, reach), (0, 0)))
    distances = np.empty(2 * reach + 1, np.float32)
    for place in range(2 * reach + 1):
        apart = faces - padded[place : place + len(faces)] + np.float32(_EPS)
        distances[place] = np.sqrt((apart * apart).sum(axis=1)).mean()
    nearest = int(np.argmin(distances))
    least = float(distances[nearest])
    return LipOffset(
        distance=least,
        confidence=float(np.median(distances)) - least,
        offset=reach - nearest,
        distances=distances,
    )
