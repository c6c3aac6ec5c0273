"""Serve several frame requests from one decoding pass: each frame is resized and cropped as it arrives.

decoded RGB (H, W, 3) uint8, upright -> resize -> centre crop -> (3, h, w)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from avmeter.errors import MediaError, SkipCode
from avmeter.media.advance import Advance, unwatched
from avmeter.media.frame_request import FrameRequest
from avmeter.media.resize import Resize, as_pixels, cropped, resize_frame
from avmeter.media.spool import MEBIBYTE, Spool


class FrameView:
    """Frames in the order of a request; each distinct one is stored once. Reads like an array."""

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

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)


class FrameCollector:
    """Takes decoded frames as they come and serves several requests from one pass.

    Args:
        requests: To be served.
        limit_bytes: Above this size the frames of a request go to disk.
        advance: As of `Spool`.
    """

    def __init__(
        self, requests: Iterable[FrameRequest], *, limit_bytes: int = 384 * MEBIBYTE, advance: Advance = unwatched
    ) -> None:
        self._limit_bytes = limit_bytes
        self._advance = advance
        self._requested = {r: frozenset(r.indices) for r in requests}
        self._spools: dict[FrameRequest, Spool] = {}
        self._rows: dict[FrameRequest, dict[int, int]] = {r: {} for r in self._requested}
        self._changed: dict[FrameRequest, MediaError] = {}

    @property
    def indices(self) -> set[int]:
        """Every frame that a request asks for."""
        return set().union(*self._requested.values())

    @property
    def size_bytes(self) -> int:
        """What all frames that were stored take."""
        return sum(spool.nbytes for spool in self._spools.values())

    def add(self, index: int, frame: np.ndarray) -> None:
        """Store a frame (H, W, 3), uint8 or float32 in [0, 1], in the form of every request that asks for it.

        A frame that does not fit those before ends the requests it does not fit, and no other.
        """
        resized: dict[Resize | None, np.ndarray] = {}
        for request, requested in self._requested.items():
            if index not in requested or index in self._rows[request] or request in self._changed:
                continue
            if request.resize not in resized:
                resized[request.resize] = resize_frame(frame, request.resize)
            pixels = _in_form(resized[request.resize], request)
            spool = self._spools.get(request)
            if spool is None:
                spool = Spool(
                    pixels.shape,
                    pixels.dtype,
                    limit_bytes=self._limit_bytes,
                    num_expected=len(requested),
                    advance=self._advance,
                )
                self._spools[request] = spool
            if pixels.shape != spool.row_shape:
                now, before = pixels.shape[1:], spool.row_shape[1:]
                is_resized = request.resize is not None
                self._changed[request] = size_changed(index, now=now, before=before, is_resized=is_resized)
                continue
            self._rows[request][index] = len(spool)
            spool.append(pixels[None])

    def missing(self, request: FrameRequest) -> list[int]:
        """Return the frames of a request that have not come, sorted; none where `result` says why there are no more."""
        if request in self._changed:
            return []
        return sorted(self._requested[request] - self._rows[request].keys())

    def result(self, request: FrameRequest) -> np.ndarray | FrameView:
        """Return frames in the order of the request. All of them must have been added.

        Raises:
            MediaError: `decode_error` if the video changes its size, and with it that of these frames.
        """
        if request in self._changed:
            raise self._changed[request]
        if not request.indices:
            return np.empty((0, 3, 0, 0), np.dtype(request.output))
        rows = np.array([self._rows[request][i] for i in request.indices])
        spool = self._spools[request]
        if spool.on_disk or len(rows) * spool.nbytes // len(spool) > self._limit_bytes:
            return FrameView(spool, rows)
        in_order = len(rows) == len(spool) and bool((rows == np.arange(len(rows))).all())
        return spool[:] if in_order else spool[rows]


def size_changed(index: int, *, now: tuple[int, ...], before: tuple[int, ...], is_resized: bool = False) -> MediaError:
    """Build the error of a video whose frames change their size, (height, width), on the way."""
    (height, width), (height_before, width_before) = now, before
    made = ", resized" if is_resized else ""
    return MediaError(
        SkipCode.DECODE_ERROR,
        f"the video changes size at frame {index}: {width}x{height} after {width_before}x{height_before}{made}",
        hint="make the file again with one size throughout",
    )


def _in_form(pixels: np.ndarray, request: FrameRequest) -> np.ndarray:
    """Crop resized pixels (3, h, w) and convert them to the output of the request."""
    if request.resize is not None:
        pixels = cropped(pixels, request.resize, request.crop)
    return as_pixels(pixels, request.output)
