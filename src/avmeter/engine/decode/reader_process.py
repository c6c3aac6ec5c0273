"""Processes that read media files, seen from the run: a file that crashes or hangs libav costs its process.

What was read comes back as it is; extractors cut and measure it in the thread that asked for it.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import weakref
from collections.abc import Collection, Generator, Iterator
from typing import Any

import numpy as np

from avmeter.engine.decode.reader_messages import (
    AudioBatch,
    Done,
    Fault,
    Frame,
    OpenSource,
    ReadAudio,
    ReadFrames,
    ReadTimestamps,
    Request,
)
from avmeter.engine.decode.watch import DecodeWatch
from avmeter.engine.ipc.channel import Channel
from avmeter.engine.ipc.process import CannotStartError, Process
from avmeter.errors import MediaError, SkipCode
from avmeter.media import DEFAULT_LIMITS, MediaInfo, MediaItem, MediaLimits, media_key, open_media
from avmeter.media.audio_decode import AudioBlock
from avmeter.media.packets import Losses
from avmeter.media.timestamps import FrameTimestamps
from avmeter.sample import MediaSource

logger = logging.getLogger("avmeter")
_MAX_DEATHS = 2
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


class _DiedError(Exception):
    """The process died, or was stopped, in the middle of an answer."""


class _FaultError(Exception):
    """The process could not answer, and goes on."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class ReaderProcess:
    """A process that reads one file after the other for one thread; started when needed, and again after it died.

    Args:
        process: In place of the usual one.
    """

    def __init__(self, process: Process | None = None) -> None:
        self.process = process or Process("avmeter.engine.decode.reader_worker", environment=_ENVIRONMENT)
        self.is_closed = False
        self._opened: tuple[RemoteReader, Channel] | None = None
        self._is_answering = False
        weakref.finalize(self, self.process.stop)

    def start(self) -> None:
        """Start the process without waiting for it."""
        if not self.process.failed_to_start and not self.is_closed:
            try:
                self.process.start()
            except CannotStartError:  # met again, and dealt with, at the first file
                return

    def open(self, source: MediaSource, limits: MediaLimits = DEFAULT_LIMITS, *, watch: DecodeWatch) -> MediaItem:
        """Open a source in the process; in this one where no process can be started.

        Args:
            source: A file, its bytes, or a folder of images.
            limits: What it may unfold to.
            watch: Of the thread that asks.

        Raises:
            MediaError: As `open_media`; `worker_died` if the file is the process's end, again and again.
        """
        if not self.process.failed_to_start:
            try:
                with watch.starting():
                    self.process.connect()
            except CannotStartError as error:
                watch.advance(0.0)  # it may have been stopped
                logger.warning("no process to read files (%s): they are read in this one", error)
        if self.process.failed_to_start:
            return open_media(source, limits=limits, advance=watch.advance)
        return MediaItem(RemoteReader(self, source, limits, watch), limits=limits, advance=watch.advance)

    def close(self) -> None:
        """End the process for good; from any thread."""
        self.is_closed = True
        self.process.stop()

    def replies(self, reader: RemoteReader, request: Request, watch: DecodeWatch) -> Generator[Any, None, None]:
        """Yield what the process answers; the last is `Done`.

        Raises:
            _DiedError: The process is gone.
            Exception: What it failed with.
        """
        if self._is_answering:  # an answer that was left in the middle goes on from there when it is asked for more
            self.process.stop()
        try:
            if self.is_closed:
                raise _DiedError
            with watch.starting():
                channel = self.process.connect()
        except CannotStartError as error:
            raise _DiedError from error
        requests = [request]
        if self._opened != (reader, channel) and request is not reader.opening:
            requests.insert(0, reader.opening)
        self._opened = (reader, channel)
        is_finished = False
        self._is_answering = True
        try:
            for sent in requests:
                for reply in _answer(channel, sent, watch):
                    is_finished = sent is request and isinstance(reply, Done)
                    if sent is request:
                        yield reply
        except _FaultError as fault:
            is_finished = True
            raise fault.error from None
        finally:
            if self._opened == (reader, channel):
                self._is_answering = False
                if not is_finished:  # dead, or in the middle of what nobody waits for any more
                    self.process.stop()


class RemoteReader:
    """Reads a clip in another process; an `avmeter.media.reader.Reader`.

    Args:
        process: The process.
        source: The clip.
        limits: What it may unfold to.
        watch: Of the thread that reads.

    Raises:
        MediaError: As `open_media`; `worker_died`.
    """

    def __init__(self, process: ReaderProcess, source: MediaSource, limits: MediaLimits, watch: DecodeWatch) -> None:
        self.opening = OpenSource(source=source, limits=limits)
        self._process = process
        self._source = source
        self._watch = watch
        self._num_deaths = 0
        self.name: str
        self.info: MediaInfo
        self.name, self.info = self._value(self.opening)

    def key(self) -> str:
        """Return the content key."""
        return media_key(self._source)

    def timestamps(self) -> FrameTimestamps:
        """Read the times of all frames."""
        found: FrameTimestamps = self._value(ReadTimestamps())
        return found

    def audio_blocks(self, losses: Losses) -> Iterator[AudioBlock]:
        """Decode the audio track."""
        for batch in self._parts(ReadAudio(), losses):
            assert isinstance(batch, AudioBatch)
            yield from batch.split()

    def frames(
        self, timestamps: FrameTimestamps, indices: set[int], losses: Losses, *, planar: Collection[int] = ()
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Decode frames by index, to RGB or planes."""
        request = ReadFrames(timestamps=timestamps, indices=frozenset(indices), planar=frozenset(planar))
        for frame in self._parts(request, losses):
            assert isinstance(frame, Frame)
            yield frame.index, frame.pixels

    def _value(self, request: Request) -> Any:
        for reply in self._replies(request):
            if isinstance(reply, Done):
                return reply.value
        raise AssertionError("an answer without an end")

    def _parts(self, request: Request, losses: Losses) -> Iterator[Any]:
        """Yield all parts of an answer, and fill the losses."""
        for reply in self._replies(request):
            if not isinstance(reply, Done):
                yield reply
            elif reply.losses is not None:
                vars(losses).update(vars(reply.losses))

    def _replies(self, request: Request) -> Iterator[Any]:
        """Yield all of an answer.

        A process that takes over decodes from the start; what the dead one has sent already is left out.
        """
        num_passed = 0
        while self._num_deaths < _MAX_DEATHS:
            self._watch.advance(0.0)
            try:
                with contextlib.closing(self._process.replies(self, request, self._watch)) as replies:
                    for reply in itertools.islice(replies, num_passed, None):
                        yield reply
                        num_passed += 1
                return
            except _DiedError:
                self._watch.advance(0.0)  # nobody to blame where it was stopped
                self._num_deaths += 1
                logger.warning("%s: the process that read it died", self._source)
        raise MediaError(
            SkipCode.WORKER_DIED,
            f"{self._source}: the decoding process died {self._num_deaths} times over this file",
            hint="the file breaks the decoder, or memory ran out: make it again",
        )


def _answer(channel: Channel, request: Request, watch: DecodeWatch) -> Iterator[Any]:
    """Send a request; yield the answer up to its `Done`.

    Raises:
        _DiedError: The other end is gone.
        _FaultError: The answer is a fault.
    """
    watch.enter_decoder()
    try:
        channel.send(request)
        while True:
            watch.enter_decoder()
            decoded_s, reply = channel.receive()
            channel.forget()
            watch.advance(decoded_s)
            watch.leave_decoder()
            if isinstance(reply, Fault):
                raise _FaultError(reply.error)
            if reply is not None:
                yield reply
            if isinstance(reply, Done):
                return
    except (EOFError, OSError) as error:
        raise _DiedError from error
    finally:
        watch.leave_decoder()
