"""Bring frames to the size that a network reads: one by one as they are decoded, or many at once on a device.

Published harnesses agree on none of the details, so each is a field of `Resize`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from avmeter.errors import UsageError
from avmeter.media.planes import PlaneCode, planes_to_rgb

if TYPE_CHECKING:
    from torch import Tensor

Interpolation = Literal["bicubic", "bilinear"]
LongSide = Literal["round", "floor", "int_trunc", "equal"]
Arithmetic = Literal["float", "uint8"]
Crop = Literal["center_floor", "center_round"]


def check_choices(value: object, choices: Mapping[str, Any]) -> None:
    """Compare fields with the `Literal` each must be of.

    Raises:
        UsageError: One is not.
    """
    for name, choice in choices.items():
        if getattr(value, name) not in get_args(choice):
            kind = type(value).__name__
            raise UsageError(f"{kind}: {name} is {getattr(value, name)!r}", hint=f"one of {get_args(choice)}")


@dataclass(frozen=True, kw_only=True)
class Resize:
    """How a frame is brought to a size; never with aligned corners.

    Attributes:
        short_side: Pixels of the shorter side afterwards.
        interpolation: "bicubic" or "bilinear".
        antialias: Whether the kernel widens when a frame shrinks.
        long_side: The longer side: "round" (round(long * (short_side / short))), "floor" (floor(long / short *
            short_side)), "int_trunc" (int(short_side * long / short)) or "equal" (the same: a square, out of shape).
        in_: "float": on values in [0, 1], without clamping; "uint8": on bytes, rounded and clamped, as torchvision.

    In published harnesses:

    | harness | interpolation | antialias | long_side | in_ | crop |
    |---|---|---|---|---|---|
    | FastVideo, Synchformer | bicubic | yes | round | float | center_floor |
    | av-benchmark, Synchformer and ImageBind | bicubic | yes | int_trunc | uint8 | center_round |
    | PE-AV | bilinear | yes | equal | uint8 | none |
    | VBench's networks in FastVideo: DINO | bilinear | no | int_trunc | float | none |
    | the same: CLIP | bicubic | no | int_trunc | float | center_round |
    | the same: ViCLIP | bicubic | yes | int_trunc | float | center_round |
    | the same: UMT, to 256, of which 224 are read | bilinear | yes | int_trunc | float | center_round |
    | ImageBind (ShortSideScale) | bilinear | no | floor | float | none: its three crops are taken by the extractor |
    """

    short_side: int
    interpolation: Interpolation = "bicubic"
    antialias: bool = True
    long_side: LongSide = "round"
    in_: Arithmetic = "float"

    def __post_init__(self) -> None:
        check_choices(self, {"interpolation": Interpolation, "long_side": LongSide, "in_": Arithmetic})
        if self.short_side < 1:
            raise UsageError(f"Resize: short_side is {self.short_side}")

    def size(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) of a frame of this size after resizing."""
        short, long = min(height, width), max(height, width)
        if self.long_side == "round":
            other = round(long * (self.short_side / short))
        elif self.long_side == "floor":
            other = math.floor(long / short * self.short_side)
        elif self.long_side == "equal":
            other = self.short_side
        else:
            other = int(self.short_side * long / short)
        return (other, self.short_side) if height > width else (self.short_side, other)


def resize_frame(frame: np.ndarray, resize: Resize | None) -> np.ndarray:
    """Resize one frame (H, W, 3), uint8 or float32 in [0, 1], to (3, h, w), uint8 or float32 in [0, 1] scale."""
    pixels = frame.transpose(2, 0, 1)
    if resize is None:
        return pixels
    size = resize.size(*frame.shape[:2])
    made = as_pixels(pixels, "uint8" if resize.in_ == "uint8" else "float32")
    if made.shape[1:] == size:
        return made
    import torch

    found: np.ndarray = _interpolated(torch.from_numpy(_torch_ready(made))[None], size, resize)[0].numpy()
    return found


def resize_batch(frames: Tensor, resize: Resize, crop: Crop, code: PlaneCode | None = None) -> Tensor:
    """Resize many frames of one size on their own device: on a GPU this is thousands per second.

    Args:
        frames: RGB (n, H, W, 3), uint8 or float32 in [0, 1]; or planes, see `planes`.
        resize: In "float" arithmetic; that on bytes is another on every device.
        crop: The square from the middle.
        code: Of planes.

    Returns:
        (n, 3, S, S) float32, S the short side; not clamped.
    """
    if resize.in_ != "float":
        raise UsageError(
            f"resize_batch: in_ is {resize.in_!r}; frames are resized as bytes only while they are decoded"
        )
    scale = 1 if frames.is_floating_point() else 255
    rgb = frames.permute(0, 3, 1, 2).contiguous().float() if code is None else planes_to_rgb(frames, code)
    pixels = rgb / scale
    height, width = pixels.shape[2:]
    size = resize.size(height, width)
    if (height, width) != size:
        pixels = _interpolated(pixels, size, resize)
    top, left = crop_corner(size, resize.short_side, crop)
    return pixels[:, :, top : top + resize.short_side, left : left + resize.short_side]


def bicubic_taps(num_values: int, size: int, left: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what torch's bicubic interpolation with antialiasing sums up along one axis.

    Args:
        num_values: Before.
        size: Afterwards.
        left: First of the values afterwards that are kept.
        count: How many are.

    Returns:
        (count,) int32, the first neighbour of each; (taps, count) float32, weights, 0 where there is none.
    """
    scale = np.float32(num_values) / np.float32(size)  # torch finds places in single precision too
    centre = scale * (np.arange(left, left + count, dtype=np.float32) + np.float32(0.5))
    reach = np.float32(2.0) * max(scale, np.float32(1.0))
    start = np.maximum((centre - reach + np.float32(0.5)).astype(np.int64), 0)
    stop = np.minimum((centre + reach + np.float32(0.5)).astype(np.int64), num_values)
    neighbour = start + np.arange(int((stop - start).max()))[:, None]
    distance = np.abs(neighbour - centre.astype(np.float64) + 0.5) / max(float(scale), 1.0)
    near = (1.5 * distance - 2.5) * distance * distance + 1.0
    far = ((-0.5 * distance + 2.5) * distance - 4.0) * distance + 2.0
    weights = np.where(distance < 1, near, np.where(distance < 2, far, 0.0)) * (neighbour < stop)
    return start.astype(np.int32), (weights / weights.sum(axis=0)).astype(np.float32)


def crop_corner(size: tuple[int, int], side: int, crop: Crop) -> tuple[int, int]:
    """Return (top, left) of a square of `side` in the middle of a frame of `size` (height, width)."""
    top, left = ((n - side) // 2 if crop == "center_floor" else round((n - side) / 2) for n in size)
    return top, left


def cropped(pixels: np.ndarray, resize: Resize, crop: Crop | None) -> np.ndarray:
    """Return the square of a resized frame (3, h, w) that `crop` leaves; all of it where there is none."""
    if crop is None:
        return pixels
    side = resize.short_side
    top, left = crop_corner((pixels.shape[1], pixels.shape[2]), side, crop)
    return pixels[:, top : top + side, left : left + side]


def as_pixels(pixels: np.ndarray, kind: Literal["float32", "uint8"]) -> np.ndarray:
    """Return pixels (3, h, w) as bytes, rounded and clamped, or as floats in [0, 1] scale."""
    if pixels.dtype == np.dtype(kind):
        return pixels
    if kind == "uint8":
        return np.clip(np.rint(pixels * np.float32(255)), 0, 255).astype(np.uint8)
    if pixels.dtype.kind == "f":
        return pixels.astype(np.float32)
    # In place: a second array of the frame's size costs as much as the division.
    found = np.ascontiguousarray(pixels.transpose(1, 2, 0)).astype(np.float32)
    found /= np.float32(255)
    return found.transpose(2, 0, 1)


def _interpolated(pixels: Tensor, size: tuple[int, int], resize: Resize) -> Tensor:
    from torch.nn.functional import interpolate

    return interpolate(pixels, size=size, mode=resize.interpolation, align_corners=False, antialias=resize.antialias)


def _torch_ready(pixels: np.ndarray) -> np.ndarray:
    """The array, copied only if torch cannot take it: it must be writeable and walk forwards."""
    return pixels if pixels.flags.writeable and min(pixels.strides) > 0 else pixels.copy()
