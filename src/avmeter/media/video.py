"""Frames as a network wants them: which ones, resized how, cropped where.

decoded RGB (H, W, 3) uint8, upright -> resize -> centre crop -> (3, h, w)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from avmeter.errors import MediaError, SkipCode, UsageError
from avmeter.media.resize import Crop, Resize, as_pixels, check_choices, crop_corner, resize_frame
from avmeter.media.spool import MEBIBYTE, Spool

Output = Literal["float32", "uint8", "packed"]


@dataclass(frozen=True, kw_only=True)
class FrameRequest:
    """Which frames are wanted, and in what form: (n, 3, h, w), or (n, h, w, 3) when packed.

    Attributes:
        indices: Into the sorted presentation times (`MediaItem.frame_times`); may repeat, in any order.
        resize: None keeps the size on the screen.
        crop: A square of `resize.short_side` from the middle; "center_floor" rounds its offset down, "center_round"
            to the nearest (half to even). None keeps the whole frame.
        output: "float32": [0, 1], not clamped after bicubic resizing in float; "uint8": [0, 255]; "packed":
            as decoded and not resized, for `resize_batch` on a device.
    """

    indices: tuple[int, ...]
    resize: Resize | None = None
    crop: Crop | None = None
    output: Output = "float32"

    def __post_init__(self) -> None:
        object.__setattr__(self, "indices", tuple(int(i) for i in self.indices))
        check_choices(self, {"output": Output} | ({"crop": Crop} if self.crop is not None else {}))
        if self.crop is not None and self.resize is None:
            raise UsageError("FrameRequest: a crop needs a resize, whose short side is its size")
        if self.output == "packed" and self.resize is not None:
            raise UsageError("FrameRequest: packed frames are not resized", hint="give the resize to `resize_batch`")
        if any(i < 0 for i in self.indices):
            raise UsageError(f"FrameRequest: index {min(self.indices)} is negative")


class FrameView:
    """Frames in the order of a request, read from where each distinct one is kept once; reads like an array."""

    def __init__(self, frames: Spool, rows: np.ndarray) -> None:
        self._frames = frames
        self._rows = rows
        self.dtype = frames.dtype
        self.ndim = frames.ndim

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, 3, h, w), or (n, h, w, 3)."""
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

    def __init__(self, requests: Iterable[FrameRequest], *, limit_bytes: int = 384 * MEBIBYTE) -> None:
        self._limit_bytes = limit_bytes
        self._wanted = {r: frozenset(r.indices) for r in requests}
        self._spools: dict[FrameRequest, Spool] = {}
        self._rows: dict[FrameRequest, dict[int, int]] = {r: {} for r in self._wanted}
        self._changed: dict[FrameRequest, MediaError] = {}

    @property
    def indices(self) -> set[int]:
        """Every frame that somebody wants."""
        return set().union(*self._wanted.values())

    def add(self, index: int, frame: np.ndarray) -> None:
        """Keep a frame (H, W, 3), uint8 or float32 in [0, 1], in the form of every request that wants it.

        A frame that does not fit those before ends the requests it does not fit, and no other.
        """
        resized: dict[Resize | None, np.ndarray] = {}
        for request, wanted in self._wanted.items():
            if index not in wanted or index in self._rows[request] or request in self._changed:
                continue
            if request.resize not in resized:
                resized[request.resize] = resize_frame(frame, request.resize)
            pixels = frame if request.output == "packed" else _in_form(resized[request.resize], request)
            spool = self._spools.get(request)
            if spool is None:
                spool = Spool(
                    pixels.shape, pixels.dtype, limit_bytes=self._limit_bytes, num_expected=len(self._wanted[request])
                )
                self._spools[request] = spool
            if pixels.shape != spool.row_shape:
                self._changed[request] = _size_changed(index, now=pixels.shape, before=spool.row_shape, request=request)
                continue
            self._rows[request][index] = len(spool)
            spool.append(pixels[None])

    def missing(self, request: FrameRequest) -> list[int]:
        """Frames of a request that have not come, sorted; none where `result` says why there are no more."""
        if request in self._changed:
            return []
        return sorted(self._wanted[request] - self._rows[request].keys())

    def result(self, request: FrameRequest) -> np.ndarray | FrameView:
        """Frames in the order of the request. All of them must have been added.

        Raises:
            MediaError: `decode_error` if the picture changes its size, and with it that of these frames.
        """
        if request in self._changed:
            raise self._changed[request]
        if not request.indices:
            packed = request.output == "packed"
            return np.empty((0, 0, 0, 3), np.uint8) if packed else np.empty((0, 3, 0, 0), np.dtype(request.output))
        rows = np.array([self._rows[request][i] for i in request.indices])
        spool = self._spools[request]
        if spool.on_disk or len(rows) * spool.nbytes // len(spool) > self._limit_bytes:
            return FrameView(spool, rows)
        in_order = len(rows) == len(spool) and bool((rows == np.arange(len(rows))).all())
        return spool[:] if in_order else spool[rows]


def _size_changed(index: int, *, now: tuple[int, ...], before: tuple[int, ...], request: FrameRequest) -> MediaError:
    """Sizes of frames are (3, h, w), or (h, w, 3) when packed."""
    sizes = [shape[:2] if request.output == "packed" else shape[1:] for shape in (now, before)]
    (height, width), (height_before, width_before) = sizes
    made = "" if request.resize is None else ", resized"
    return MediaError(
        SkipCode.DECODE_ERROR,
        f"the picture changes size at frame {index}: {width}x{height} after {width_before}x{height_before}{made}",
        hint="make the file again with one size throughout",
    )


def _in_form(pixels: np.ndarray, request: FrameRequest) -> np.ndarray:
    """Resized pixels (3, h, w), cropped, in the numbers that were asked for."""
    if request.crop is not None and request.resize is not None:
        side = request.resize.short_side
        top, left = crop_corner(pixels.shape[1:], side, request.crop)
        pixels = pixels[:, top : top + side, left : left + side]
    assert request.output != "packed"
    return as_pixels(pixels, request.output)
