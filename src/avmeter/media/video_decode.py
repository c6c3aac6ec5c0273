"""Decode the frames of a video track that are asked for, as RGB and upright, or as planes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from avmeter.media.advance import Advance, unwatched
from avmeter.media.clock_shifts import Shifts
from avmeter.media.container import MAX_PIXELS, File, open_container
from avmeter.media.hardware import HardwareDecoder, NotDecodedError, hardware_frames
from avmeter.media.limits import MediaLimits
from avmeter.media.orientation import Orientation, orientation_of
from avmeter.media.packets import Losses, decoded
from avmeter.media.pixel_aspect import display_width
from avmeter.media.planes import PlaneCode, frame_of_planes, planes_of
from avmeter.media.stream_choice import choose_stream


def decode_frames(
    file: File,
    stamps: np.ndarray,
    indices: set[int],
    losses: Losses,
    *,
    planar: Collection[int] = (),
    num_threads: int = 1,
    shifts: Shifts | None = None,
    max_pixels: int = MAX_PIXELS,
    advance: Advance = unwatched,
    hardware: HardwareDecoder | None = None,
) -> Iterator[tuple[int, np.ndarray]]:
    """Decode frames of the first video track in the order of the decoder.

    Args:
        file: The file.
        stamps: `FrameTimestamps.stamps`.
        indices: Frames to yield as RGB, as positions in `stamps`.
        planar: Frames to yield as planes; as RGB those that have no planes, or none of square pixels.
        losses: Filled on the way.
        num_threads: Of the decoder.
        shifts: Of the clock, as for the time stamps.
        max_pixels: Larger frames are not decoded.
        advance: Called for every packet and frame.
        hardware: Decodes in place of libav what it can.

    Yields:
        (index, RGB uint8 (H, W, 3) as on the screen, or planes as `planes_of` lays them out).
    """
    queues: dict[int, list[int]] = {}
    for index, stamp in enumerate(stamps.tolist()):
        queues.setdefault(stamp, []).append(index)
    missing = set(indices).union(planar)
    if hardware is not None and missing and len(queues) == len(stamps):
        requested = {int(stamps[index]): index for index in missing}
        to_rgb = _RgbConverter(None, max_pixels)
        try:
            for stamp, rows in hardware_frames(
                file, requested, hardware, shifts=shifts, max_pixels=max_pixels, advance=advance
            ):
                index = requested[stamp]
                missing.discard(index)
                if index in planar:
                    yield index, rows
                if index in indices:
                    yield index, PlaneCode.of_row(rows[-1]).orientation.apply(to_rgb(frame_of_planes(rows)))
        except NotDecodedError as refusal:
            hardware.refused(str(file), str(refusal))
    if not missing:
        return
    with open_container(file, max_pixels=max_pixels) as container:
        stream = choose_stream(container, file, "video")
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = num_threads
        to_rgb = _RgbConverter(stream.sample_aspect_ratio, max_pixels)
        orientation: Orientation | None = None
        for frame in decoded(container, stream, losses, shifts or {}, advance):
            if not missing:
                return
            # Asked of one frame only: one that was asked for its side data refers to itself, and keeps its pixels
            # until the garbage collector comes by.
            orientation = orientation or orientation_of(frame)
            queue = queues.get(frame.pts)
            if not queue:
                continue
            index = queue.pop(0)
            if index not in missing:
                continue
            missing.discard(index)
            is_square = to_rgb.width(frame) == frame.width
            planes = planes_of(frame, orientation) if index in planar and is_square else None
            if planes is not None:
                yield index, planes
            if planes is None or index in indices:
                yield index, orientation.apply(to_rgb(frame))


class _RgbConverter:
    """RGB with square pixels, by one scaling thread: PyAV's default is one per core, started anew for every frame."""

    def __init__(self, aspect: Fraction | None, max_pixels: int) -> None:
        self._reformatter = VideoReformatter()
        self._aspect = aspect
        self._limits = MediaLimits(max_pixels=max_pixels)

    def width(self, frame: Any) -> int:
        """Return the width of a frame in square pixels.

        Raises:
            MediaError: `over_limit`.
        """
        width = display_width(frame.width, self._aspect)
        self._limits.check_size(width, frame.height, name="a later frame")
        return width

    def __call__(self, frame: Any) -> np.ndarray:
        width = self.width(frame)
        scaling = {} if width == frame.width else {"width": width, "interpolation": Interpolation.BICUBIC}
        converted = self._reformatter.reformat(frame, format="rgb24", threads=1, **scaling)
        found: np.ndarray = converted.to_ndarray()
        return found
