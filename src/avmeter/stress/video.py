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
        change: (frame (H, W, 3), dose, generator) -> damaged frame.
        fps_factor: The declared frame rate over the true one.
        is_encoding: The dose is the constant rate factor that the clip is encoded with.
        default: The dose without `--ladder`; None is the first of the ladder.
        doses: Ladder from mild to strong.
        unit: Of the dose.
        note: What it does, with `{dose}`.
    """

    order: Callable[[int, float, np.random.Generator], npt.NDArray[np.int64]] | None = None
    change: Callable[[Frame, float, np.random.Generator], Frame] | None = None
    fps_factor: float = 1.0
    is_encoding: bool = False
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


def blacken(frame: Frame, dose: float, rng: np.random.Generator) -> Frame:
    """Show black."""
    return np.zeros_like(frame)


def mirror(frame: Frame, dose: float, rng: np.random.Generator) -> Frame:
    """Exchange left and right."""
    return np.ascontiguousarray(frame[:, ::-1])


def blur(frame: Frame, dose: float, rng: np.random.Generator) -> Frame:
    """Smooth with a Gaussian whose standard deviation is `dose` percent of the short side."""
    sigma = dose / 100 * min(frame.shape[:2])
    radius = max(1, round(3 * sigma))
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    taps = (taps / taps.sum()).astype(np.float32)
    smooth = frame.astype(np.float32)
    for axis in (0, 1):
        padded = np.pad(smooth, [(radius, radius) if a == axis else (0, 0) for a in range(3)], mode="edge")
        length = smooth.shape[axis]
        smooth = np.zeros_like(smooth)
        for place, tap in enumerate(taps):
            smooth += tap * (padded[place : place + length] if axis == 0 else padded[:, place : place + length])
    return _as_bytes(smooth)


def add_noise(frame: Frame, dose: float, rng: np.random.Generator) -> Frame:
    """Add Gaussian noise with a standard deviation of `dose` of 255 levels, new in every frame."""
    return _as_bytes(frame + dose * rng.standard_normal(frame.shape, np.float32))


def flicker(frame: Frame, dose: float, rng: np.random.Generator) -> Frame:
    """Make every frame brighter or darker by up to `dose` of 255 levels."""
    return _as_bytes(frame + np.float32(rng.uniform(-dose, dose)))


def _as_bytes(levels: npt.NDArray[np.float32]) -> Frame:
    frame: Frame = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    return frame


DAMAGES: dict[str, VideoDamage] = {
    "frozen": VideoDamage(order=freeze, note="the first frame throughout"),
    "shuffled": VideoDamage(order=shuffle, note="frames in random order"),
    "dropped_frames": VideoDamage(
        order=drop, doses=(0.1, 0.3, 0.6), unit="share", note="a share of {dose:g} of the frames missing"
    ),
    "wrong_fps": VideoDamage(fps_factor=1.2, note="frame rate declared 20% too high"),
    "black": VideoDamage(change=blacken, note="black frames"),
    "mirrored": VideoDamage(change=mirror, note="left and right exchanged"),
    "blur": VideoDamage(
        change=blur, doses=(0.5, 1.0, 2.0), default=1.0, unit="%",
        note="blurred with a Gaussian of {dose:g}% of the short side",
    ),
    "frame_noise": VideoDamage(
        change=add_noise, doses=(5.0, 15.0, 40.0), default=15.0, unit="levels",
        note="noise of {dose:g} of 255 levels in every frame",
    ),
    "flicker": VideoDamage(
        change=flicker, doses=(5.0, 15.0, 40.0), default=15.0, unit="levels",
        note="every frame up to {dose:g} of 255 levels brighter or darker",
    ),
    "h264": VideoDamage(
        is_encoding=True, doses=(30.0, 40.0, 50.0), default=40.0, unit="crf", note="H.264 at a rate factor of {dose:g}"
    ),
}  # fmt: skip
"""Every damage to video by name."""
