"""What a run and a process that reads files for it send each other. Nothing here imports torch, which takes a second.

    run      OpenSource   ReadTimestamps   ReadAudio                       ReadFrames
    process  Done         Done             AudioBatch ... AudioBatch Done  Frame ... Frame Done      or a Fault

Every answer comes with the seconds that were decoded since the last; one of None says nothing else.
"""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from avmeter.errors import AvmeterError
from avmeter.media import MediaLimits
from avmeter.media.audio_decode import AudioBlock
from avmeter.media.packets import Losses
from avmeter.media.timestamps import FrameTimestamps
from avmeter.sample import MediaSource

_BATCH_SAMPLES = 1 << 16


@dataclass(frozen=True, kw_only=True)
class OpenSource:
    """Open this source in place of the last one; done with its name and `MediaInfo`."""

    source: MediaSource
    limits: MediaLimits


@dataclass(frozen=True, kw_only=True)
class ReadTimestamps:
    """Read the times of all frames; done with them."""


@dataclass(frozen=True, kw_only=True)
class ReadAudio:
    """Decode the sound."""


@dataclass(frozen=True, kw_only=True)
class ReadFrames:
    """Decode frames by their position in the time stamps, to RGB or planes."""

    timestamps: FrameTimestamps
    indices: frozenset[int]
    planar: frozenset[int] = frozenset()


Request = OpenSource | ReadTimestamps | ReadAudio | ReadFrames


@dataclass(frozen=True, kw_only=True)
class AudioBatch:
    """Consecutive blocks of sound in one array: blocks of a few ms each would cost more to send than to decode.

    Attributes:
        samples: (N, C) float32.
        lengths: Samples of each block.
        times_s: Time of each block.
        sample_rate: Hz.
        channels: Names of the channels.
    """

    samples: np.ndarray
    lengths: list[int]
    times_s: list[float | None]
    sample_rate: int
    channels: tuple[str, ...]

    @classmethod
    def join(cls, blocks: list[AudioBlock]) -> AudioBatch:
        """Join blocks of one form."""
        return cls(
            samples=np.concatenate([b.samples for b in blocks]),
            lengths=[len(b.samples) for b in blocks],
            times_s=[b.time_s for b in blocks],
            sample_rate=blocks[0].sample_rate,
            channels=blocks[0].channels,
        )

    def split(self) -> Iterator[AudioBlock]:
        """Yield the blocks."""
        start = 0
        for length, time_s in zip(self.lengths, self.times_s, strict=True):
            samples = self.samples[start : start + length]
            yield AudioBlock(samples=samples, sample_rate=self.sample_rate, channels=self.channels, time_s=time_s)
            start += length


def joined(blocks: Iterable[AudioBlock]) -> Iterator[AudioBatch]:
    """Yield blocks in batches of about a second."""
    pending: list[AudioBlock] = []
    num_samples = 0
    for block in blocks:
        is_like_others = not pending or _form(block) == _form(pending[0])
        if not is_like_others or num_samples >= _BATCH_SAMPLES:
            yield AudioBatch.join(pending)
            pending, num_samples = [], 0
        pending.append(block)
        num_samples += len(block.samples)
    if pending:
        yield AudioBatch.join(pending)


def _form(block: AudioBlock) -> tuple[int, tuple[str, ...]]:
    return block.sample_rate, block.channels


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A frame, RGB (H, W, 3) uint8 or planes, and its position."""

    index: int
    pixels: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Done:
    """The end of an answer: its value, if it has one, and what could not be decoded."""

    value: Any = None
    losses: Losses | None = None


@dataclass(frozen=True, kw_only=True)
class Fault:
    """The end of an answer that failed.

    Attributes:
        error: What was raised; with the traceback as a note where it is none of this package's.
    """

    error: Exception

    @classmethod
    def of(cls, error: Exception) -> Fault:
        """Return the fault of what was raised just now."""
        if isinstance(error, AvmeterError):
            return cls(error=error)
        trace = traceback.format_exc()
        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301 - made here
        except Exception:  # noqa: BLE001 - classes of other packages need not survive it
            error = RuntimeError(f"{type(error).__name__}: {error}")
        error.add_note(f"in a process that reads files:\n{trace}")
        return cls(error=error)


Reply = AudioBatch | Frame | Done | Fault | None
