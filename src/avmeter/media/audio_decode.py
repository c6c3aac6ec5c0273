"""Decode an audio track into blocks of float32 samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from avmeter.errors import MediaError, SkipCode
from avmeter.media.advance import Advance, unwatched
from avmeter.media.clock_shifts import Shifts
from avmeter.media.container import File, open_container
from avmeter.media.packets import Losses, decoded
from avmeter.media.stream_choice import choose_stream

# Offset and full scale of the integer formats; the rest are floats, whose full scale is 1.
_SCALES = {"u8": (128.0, 128.0), "s16": (0.0, 2.0**15), "s32": (0.0, 2.0**31), "s64": (0.0, 2.0**63)}


@dataclass(frozen=True, kw_only=True)
class AudioBlock:
    """Consecutive samples of an audio track.

    Attributes:
        samples: (n, C) float32, full scale 1, not clipped.
        sample_rate: Hz.
        channels: Names of the C channels, "NONE" where the file does not say.
        time_s: Time of the first sample on the container's clock; None if the file does not say.
    """

    samples: np.ndarray
    sample_rate: int
    channels: tuple[str, ...]
    time_s: float | None

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.samples.shape[1] != len(self.channels):
            raise ValueError(f"samples {self.samples.shape} do not fit {len(self.channels)} channels")


def decode_audio(
    file: File,
    losses: Losses,
    *,
    stream_choice: int | None = None,
    shifts: Shifts | None = None,
    advance: Advance = unwatched,
) -> Iterator[AudioBlock]:
    """Decode an audio track of a file, one block per decoded frame.

    Args:
        file: The file.
        losses: Filled on the way.
        stream_choice: As in `choose_stream`.
        shifts: Of the clock.
        advance: Called for every packet and frame.

    Raises:
        MediaError: As `choose_stream`; `decode_error` if rate or channels change on the way.
    """
    with open_container(file) as container:
        stream = choose_stream(container, file, "audio", stream_choice)
        initial: tuple[int, int] | None = None
        for frame in decoded(container, stream, losses, shifts or {}, advance):
            rate, channels = frame.sample_rate, tuple(c.name for c in frame.layout.channels)
            if initial is not None and initial != (rate, len(channels)):
                raise MediaError(
                    SkipCode.DECODE_ERROR,
                    f"{file}: the sound changes from {initial[1]} ch, {initial[0]} Hz to {len(channels)} ch, {rate} Hz",
                    hint="make the file again with one format throughout",
                )
            initial = (rate, len(channels))
            time_s = None if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base)
            yield AudioBlock(samples=_as_float(frame), sample_rate=rate, channels=channels, time_s=time_s)


def _as_float(frame: Any) -> np.ndarray:
    """Return the samples (n, C) of a frame as float32, full scale 1."""
    raw = frame.to_ndarray()
    samples = raw.T if frame.format.is_planar else raw.reshape(-1, len(frame.layout.channels))
    name = frame.format.name.removesuffix("p")
    if name not in _SCALES:
        with np.errstate(over="ignore"):  # a double beyond float32 becomes infinite and is counted as such
            return np.ascontiguousarray(samples, dtype=np.float32)
    offset, scale = _SCALES[name]
    exact = samples.astype(np.float32 if name in ("u8", "s16") else np.float64)
    return np.ascontiguousarray((exact - offset) / scale, dtype=np.float32)
