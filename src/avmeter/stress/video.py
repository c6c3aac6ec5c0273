"""Damage to video: which frame is shown when, or what is done to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Frame = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class VideoDamage:
    """One kind of damage.

    Attributes:
        order: (number of frames, dose, generator) -> index of the frame to show at each position.
        change: Frame (H, W, 3) -> damaged frame.
        fps_factor: The declared frame rate over the true one.
        default: The dose without `--ladder`; None is the first of the ladder.
        doses: Ladder from mild to strong.
        unit: Of the dose.
        note: What it does, with `{dose}`.
    """

    order: Callable[[int, float, np.random.Generator], npt.NDArray[np.int64]] | None = None
    change: Callable[[Frame], Frame] | None = None
    fps_factor: float = 1.0
    default: float | None = None
    doses: tuple[float, ...] = ()
    unit: str = ""
    note: str = ""


def freeze(num_frames: int, dose: float, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Show the first frame throughout."""
    return np.zeros(num_frames, np.int64)


def shuffle(num_frames: int, dose: float, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Show the frames in random order."""
    return rng.permutation(num_frames)


def drop(num_frames: int, dose: float, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Drop a share `dose` of the frames: the one before stays on the screen."""
    keep = rng.random(num_frames) >= dose
    keep[0] = True
    return np.maximum.accumulate(np.where(keep, np.arange(num_frames), 0))


DAMAGES: dict[str, VideoDamage] = {
    "frozen": VideoDamage(order=freeze, note="the first frame throughout"),
    "shuffled": VideoDamage(order=shuffle, note="frames in random order"),
    "dropped_frames": VideoDamage(
        order=drop, doses=(0.1, 0.3, 0.6), unit="share", note="a share of {dose:g} of the frames missing"
    ),
    "wrong_fps": VideoDamage(fps_factor=1.2, note="frame rate declared 20% too high"),
    "black": VideoDamage(change=np.zeros_like, note="black frames"),
    "mirrored": VideoDamage(change=lambda frame: np.ascontiguousarray(frame[:, ::-1]), note="left and right exchanged"),
}
"""Every damage to video by name."""
