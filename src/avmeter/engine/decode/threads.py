"""Decoding threads: each source is opened once, and the windows of every extractor that reads it are made."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any, Protocol

import torch

from avmeter.engine.decode.byte_queue import ByteQueue, Stopped
from avmeter.engine.decode.messages import DecodeEvent
from avmeter.engine.failures import never, skip_of_failure
from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import ClipExtractor, Extractor, WindowExtractor
from avmeter.media import MediaItem, decoder_version, media_key, open_media
from avmeter.result import Skip
from avmeter.sample import MediaSource

_QUEUE_BYTES = 1024 * 2**20
_POLL_S = 0.1
_GRACE_S = 1.0  # for a thread in the middle of a file; it ends on its own when nobody takes its events


class Decoder(Protocol):
    """Makes the events of all jobs over one source."""

    def decode(self, source: MediaSource | str, jobs: Sequence[int]) -> Generator[DecodeEvent, None, None]:
        """Yield the events of the jobs with these numbers; the source is opened once."""

    def close(self) -> None:
        """End soon what is being decoded: called from another thread when nobody waits for it any more."""


Task = tuple[MediaSource | str, str | None, list[int]]
"""A source, its content key if it is a file, and the numbers of the jobs over it."""


class DecodingThreads:
    """Threads that work through the sources, one for each decoder.

    Args:
        sources: Sources, the content key of each that is a file, and the numbers of the jobs over it.
        decoders: One for each thread.
        should_stop: Once it returns True, no more events come.
    """

    def __init__(
        self,
        sources: Sequence[Task],
        decoders: Sequence[Decoder],
        *,
        should_stop: Callable[[], bool] = never,
    ) -> None:
        self._should_stop = should_stop
        self._sources = iter(sources)
        self._lock = threading.Lock()  # of `_sources`; taken by the threads alone
        self._events: ByteQueue[DecodeEvent | _ThreadEnded] = ByteQueue(_QUEUE_BYTES)
        self._num_running = len(decoders)
        self._decoders = decoders
        self._threads = [threading.Thread(target=self._work, args=(d,), daemon=True) for d in decoders]

    def __enter__(self) -> DecodingThreads:
        # Each decoding thread works alone: teams of torch threads in every one of them would fight for the cores.
        self._torch_threads = torch.get_num_threads()
        try:
            for thread in self._threads:
                thread.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._events.close()
        try:
            for decoder in self._decoders if self._num_running else ():
                decoder.close()
            deadline = time.monotonic() + _GRACE_S
            for thread in self._threads:
                if thread.is_alive():  # an interrupt may have come before it was started
                    thread.join(max(0.0, deadline - time.monotonic()))
        finally:
            torch.set_num_threads(self._torch_threads)

    def __iter__(self) -> Iterator[DecodeEvent]:
        while self._num_running and not self._should_stop():
            event = self._events.get(_POLL_S)
            if isinstance(event, _ThreadEnded):
                self._num_running -= 1
                if event.failure is not None:
                    raise event.failure
            elif event is not None:
                yield event

    def _work(self, decoder: Decoder) -> None:
        torch.set_num_threads(1)
        failure: BaseException | None = None
        try:
            while (task := self._next_source()) is not None:
                source, content_key, jobs = task
                with contextlib.closing(decoder.decode(source, jobs)) as events:
                    for event in events:
                        if event.window is None and content_key is not None:
                            event = _checked(event, source, content_key)
                        self._events.put(event, event.window.size_bytes if event.window else 0)
        except Stopped:
            return
        except BaseException as error:  # noqa: BLE001 - raised where the run waits
            failure = error
        with contextlib.suppress(Stopped):
            self._events.put(_ThreadEnded(failure), 0)

    def _next_source(self) -> Task | None:
        with self._lock:
            return next(self._sources, None)


class _ThreadEnded:
    """Last message of a decoding thread, with the fault that ended it, if one did."""

    def __init__(self, failure: BaseException | None) -> None:
        self.failure = failure


class LocalDecoder:
    """Opens sources in this process.

    Args:
        extractors: Job number -> its extractor.
    """

    def __init__(self, extractors: Mapping[int, Extractor]) -> None:
        self._extractors = extractors

    def decode(self, source: MediaSource | str, jobs: Sequence[int]) -> Generator[DecodeEvent, None, None]:
        """Yield the events of the jobs with these numbers."""
        if isinstance(source, str):
            for job in jobs:
                yield from make_windows(job, self._extractors[job], source)
            return
        try:
            item = open_media(source)
        except Exception as error:  # noqa: BLE001 - a clip's failure becomes its skip
            yield from (DecodeEvent(job, outcome=skip_of_failure(error, source)) for job in jobs)
            return
        with item:
            yield from self._decode_item(item, source, jobs)

    def close(self) -> None:
        """Do nothing: the thread ends at its next event."""

    def _decode_item(self, item: MediaItem, source: MediaSource, jobs: Sequence[int]) -> Iterator[DecodeEvent]:
        ready = []
        for job in jobs:
            extractor = self._extractors[job]
            assert isinstance(extractor, ClipExtractor | WindowExtractor)
            try:
                item.add_requests(*extractor.requests(item))
                ready.append(job)
            except Exception as error:  # noqa: BLE001 - a clip's failure becomes its skip
                yield DecodeEvent(job, outcome=skip_of_failure(error, source))
        for job in ready:
            yield from make_windows(job, self._extractors[job], item)


def make_windows(job: int, extractor: Extractor, media: Any) -> Iterator[DecodeEvent]:
    """Yield all events of one job: its windows and their end, or the features of the whole clip.

    Args:
        job: Number of the job.
        extractor: Its extractor.
        media: A `MediaItem`, a text, or the features of the extractor's parents by name.
    """
    try:
        if isinstance(extractor, ClipExtractor):
            yield DecodeEvent(job, outcome=extractor.extract(media))
            return
        assert isinstance(extractor, WindowExtractor)
        num_windows = 0
        for window in extractor.windows(media):
            yield DecodeEvent(job, window=window, index=num_windows)
            num_windows += 1
        yield DecodeEvent(job, index=num_windows, facts=extractor.facts(media))
    except Exception as error:  # noqa: BLE001 - a clip's failure becomes its skip
        yield DecodeEvent(job, outcome=skip_of_failure(error, media))


def _checked(event: DecodeEvent, source: MediaSource | str, content_key: str) -> DecodeEvent:
    """Return the last event of a job, or a skip if the file is no longer what its key names.

    The key is cheap where nothing has touched the file: it is remembered by size, inode and times.
    """
    try:
        is_same = content_key_of(source) == content_key
    except SkipError:
        is_same = False
    if is_same:
        return event
    skip = Skip(
        code=SkipCode.CHANGED_WHILE_READING,
        reason=f"{source}: the file was replaced or written to while it was read",
        hint="score clips that nobody writes any more, or give every clip a name of its own",
    )
    return DecodeEvent(event.job, outcome=skip)


def content_key_of(source: MediaSource | str) -> str:
    """Return the key of a source's content; equal content has an equal key, read by the same decoder.

    Raises:
        SkipError: The file is missing or unreadable.
    """
    if isinstance(source, str):
        return content_key_of_text(source)
    return f"{media_key(source)}@{decoder_version()}"


def content_key_of_text(text: str) -> str:
    """Return the key of a text, as `content_key` is that of a file."""
    return hashlib.sha256(b"text\0" + text.encode("utf-8", "surrogatepass")).hexdigest()
