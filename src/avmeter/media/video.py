"""Frames as a network wants them: which ones, resized how, cropped where.

    decoded RGB (H, W, 3) uint8, upright -> resize -> centre crop -> (3, h, w)

Published harnesses agree on none of the details, so each is a field: see `Resize` and `FrameRequest`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from avmeter.errors import MediaError, SkipCode, UsageError
from avmeter.media.spool import MEBIBYTE, Spool

Interpolation = Literal["bicubic", "bilinear"]
LongSide = Literal["round", "floor", "int_trunc"]
Arithmetic = Literal["float", "uint8"]
Crop = Literal["center_floor", "center_round"]
Output = Literal["float32", "uint8"]


@dataclass(frozen=True, kw_only=True)
class Resize:
    """How a frame is brought to a size; never with aligned corners.

    Attributes:
        short_side: Pixels of the shorter side afterwards.
        interpolation: "bicubic" or "bilinear".
        antialias: Whether the kernel widens when a frame shrinks.
        long_side: The longer side: "round" (round(long * (short_side / short))), "floor" (floor(long / short *
            short_side)) or "int_trunc" (int(short_side * long / short)).
        in_: "float": on values in [0, 1], without clamping; "uint8": on bytes, rounded and clamped, as torchvision.

    In published harnesses:

    | harness | interpolation | antialias | long_side | in_ | crop |
    |---|---|---|---|---|---|
    | FastVideo, Synchformer | bicubic | yes | round | float | center_floor |
    | av-benchmark, Synchformer and ImageBind | bicubic | yes | int_trunc | uint8 | center_round |
    | ImageBind (ShortSideScale) | bilinear | no | floor | float | none: its three crops are taken by the extractor |
    """

    short_side: int
    interpolation: Interpolation = "bicubic"
    antialias: bool = True
    long_side: LongSide = "round"
    in_: Arithmetic = "float"

    def __post_init__(self) -> None:
        _check(self, {"interpolation": Interpolation, "long_side": LongSide, "in_": Arithmetic})
        if self.short_side < 1:
            raise UsageError(f"Resize: short_side is {self.short_side}")

    def size(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) of a frame of this size after resizing."""
        short, long = min(height, width), max(height, width)
        if self.long_side == "round":
            other = round(long * (self.short_side / short))
        elif self.long_side == "floor":
            other = math.floor(long / short * self.short_side)
        else:
            other = int(self.short_side * long / short)
        return (other, self.short_side) if height > width else (self.short_side, other)


@dataclass(frozen=True, kw_only=True)
class FrameRequest:
    """Which frames are wanted, and in what form: (n, 3, h, w).

    Attributes:
        indices: Into the sorted presentation times (`MediaItem.frame_times`); may repeat, in any order.
        resize: None keeps the size on the screen.
        crop: A square of `resize.short_side` from the middle; "center_floor" rounds its offset down, "center_round"
            to the nearest (half to even). None keeps the whole frame.
        output: "float32": [0, 1], not clamped after bicubic resizing in float; "uint8": [0, 255].
    """

    indices: tuple[int, ...]
    resize: Resize | None = None
    crop: Crop | None = None
    output: Output = "float32"

    def __post_init__(self) -> None:
        object.__setattr__(self, "indices", tuple(int(i) for i in self.indices))
        _check(self, {"output": Output} | ({"crop": Crop} if self.crop is not None else {}))
        if self.crop is not None and self.resize is None:
            raise UsageError("FrameRequest: a crop needs a resize, whose short side is its size")
        if any(i < 0 for i in self.indices):
            raise UsageError(f"FrameRequest: index {min(self.indices)} is negative")


def _check(value: object, choices: Mapping[str, Any]) -> None:
    for name, choice in choices.items():
        if getattr(value, name) not in get_args(choice):
            kind = type(value).__name__
            raise UsageError(f"{kind}: {name} is {getattr(value, name)!r}", hint=f"one of {get_args(choice)}")


class FrameView:
    """Frames in the order of a request, read from where each distinct one is kept once; reads like an array."""

    def __init__(self, frames: Spool, rows: np.ndarray) -> None:
        self._frames = frames
        self._rows = rows
        self.dtype = frames.dtype
        self.ndim = frames.ndim

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, 3, h, w)."""
        return (len(self._rows), *self._frames.row_shape)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, key: Any) -> np.ndarray:
        rows = self._rows[key]
        return self._frames[int(rows)] if np.ndim(rows) == 0 else self._frames[rows]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)


class FrameCollector:
    """Takes decoded frames as they come and serves several requests from one pass.

    Args:
        requests: What is wanted.
        limit_bytes: Above this size the frames of a request go to disk.
    """

    def __init__(self, requests: Iterable[FrameRequest], *, limit_bytes: int = 256 * MEBIBYTE) -> None:
        self._limit_bytes = limit_bytes
        self._wanted = {r: frozenset(r.indices) for r in requests}
        self._spools: dict[FrameRequest, Spool] = {}
        self._rows: dict[FrameRequest, dict[int, int]] = {r: {} for r in self._wanted}

    @property
    def indices(self) -> set[int]:
        """Every frame that somebody wants."""
        return set().union(*self._wanted.values())

    def add(self, index: int, frame: np.ndarray) -> None:
        """Keep a frame (H, W, 3), uint8 or float32 in [0, 1], in the form of every request that wants it.

        Raises:
            MediaError: `decode_error` if its size differs from that of earlier frames.
        """
        resized: dict[Resize | None, np.ndarray] = {}
        for request, wanted in self._wanted.items():
            if index not in wanted or index in self._rows[request]:
                continue
            if request.resize not in resized:
                resized[request.resize] = _resized(frame, request.resize)
            pixels = _as_output(_cropped(resized[request.resize], request), request.output)
            spool = self._spools.get(request)
            if spool is None:
                spool = Spool(
                    pixels.shape, pixels.dtype, limit_bytes=self._limit_bytes, num_expected=len(self._wanted[request])
                )
                self._spools[request] = spool
            if pixels.shape != spool.row_shape:
                raise MediaError(
                    SkipCode.DECODE_ERROR,
                    f"the picture changes size at frame {index}: {pixels.shape[1:]} after {spool.row_shape[1:]}",
                )
            self._rows[request][index] = len(spool)
            spool.append(pixels[None])

    def missing(self, request: FrameRequest) -> list[int]:
        """Frames of a request that have not come, sorted."""
        return sorted(self._wanted[request] - self._rows[request].keys())

    def result(self, request: FrameRequest) -> np.ndarray | FrameView:
        """Frames in the order of the request. All of them must have been added."""
        if not request.indices:
            return np.empty((0, 3, 0, 0), np.dtype(request.output))
        rows = np.array([self._rows[request][i] for i in request.indices])
        spool = self._spools[request]
        if spool.on_disk or len(rows) * spool.nbytes // len(spool) > self._limit_bytes:
            return FrameView(spool, rows)
        in_order = len(rows) == len(spool) and bool((rows == np.arange(len(rows))).all())
        return spool[:] if in_order else spool[rows]


def _resized(frame: np.ndarray, resize: Resize | None) -> np.ndarray:
    """(3, h, w), uint8 or float32 in [0, 1] scale."""
    pixels = frame.transpose(2, 0, 1)
    if resize is None:
        return pixels
    size = resize.size(*frame.shape[:2])
    if resize.in_ == "uint8":
        return _interpolated(_as_output(pixels, "uint8"), size, resize)
    return _interpolated(_as_output(pixels, "float32"), size, resize)


def _interpolated(pixels: np.ndarray, size: tuple[int, int], resize: Resize) -> np.ndarray:
    if pixels.shape[1:] == size:
        return pixels
    import torch
    from torch.nn.functional import interpolate

    batch = torch.from_numpy(_torch_ready(pixels))[None]
    out = interpolate(batch, size=size, mode=resize.interpolation, align_corners=False, antialias=resize.antialias)
    found: np.ndarray = out[0].numpy()
    return found


def _torch_ready(pixels: np.ndarray) -> np.ndarray:
    """The array, copied only if torch cannot take it: it must be writeable and walk forwards."""
    return pixels if pixels.flags.writeable and min(pixels.strides) > 0 else pixels.copy()


def _cropped(pixels: np.ndarray, request: FrameRequest) -> np.ndarray:
    if request.crop is None or request.resize is None:
        return pixels
    side = request.resize.short_side
    top, left = (_offset(length - side, request.crop) for length in pixels.shape[1:])
    return pixels[:, top : top + side, left : left + side]


def _offset(spare: int, crop: Crop) -> int:
    return spare // 2 if crop == "center_floor" else round(spare / 2)


def _as_output(pixels: np.ndarray, output: Output) -> np.ndarray:
    if pixels.dtype == np.dtype(output):
        return pixels
    if output == "uint8":
        return np.clip(np.rint(pixels * np.float32(255)), 0, 255).astype(np.uint8)
    if pixels.dtype.kind == "f":
        return pixels.astype(np.float32)
    # In place: a second array of the frame's size costs as much as the division.
    found = np.ascontiguousarray(pixels.transpose(1, 2, 0)).astype(np.float32)
    found /= np.float32(255)
    return found.transpose(2, 0, 1)
