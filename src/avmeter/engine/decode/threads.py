"""Decoding threads: each source is opened once, and the windows of every extractor that reads it are made."""

from __future__ import annotations

import contextlib
import hashlib
import math
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import torch

from avmeter.engine.decode.byte_queue import ByteQueue, Stopped
from avmeter.engine.decode.frame_pass import pass_frames
from avmeter.engine.decode.messages import DecodeEvent, Source, SourceGroup
from avmeter.engine.decode.reader_process import ReaderProcess
from avmeter.engine.decode.watch import DecodeWatch
from avmeter.engine.failures import never, skip_of_failure
from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import ClipExtractor, Extractor, PairExtractor, WindowExtractor
from avmeter.features.frame_stream import UNSTATED_RATE, StreamedExtractor
from avmeter.media import DEFAULT_LIMITS, MediaItem, MediaLimits, decoder_version, media_key, open_media
from avmeter.result import Skip
from avmeter.runtime.background import BackgroundThread
from avmeter.runtime.shared_settings import SharedSettings
from avmeter.sample import MediaSource

# What the program has set: runs side by side must not take each other's for it. Every decoding thread sets its own.
_torch_threads: SharedSettings[int] = SharedSettings(torch.get_num_threads, lambda _: None)
_QUEUE_BYTES = 1024 * 2**20
_POLL_S = 0.1
_GRACE_S = 1.0  # for a thread in the middle of a file; it ends on its own when nobody takes its events


class Decoder(Protocol):
    """Makes the events of all jobs over one source."""

    @property
    def watch(self) -> DecodeWatch:
        """How far it is with the source at hand."""

    def decode(self, source: Source, jobs: Sequence[int]) -> Generator[DecodeEvent, None, None]:
        """Yield the events of the jobs with these numbers; the source is opened once."""

    def close(self) -> None:
        """End soon what is being decoded: called from another thread when nobody waits for it any more."""

    def successor(self) -> Decoder:
        """Return a decoder for the sources that are left, after this one was closed over one that never ended."""


Task = tuple[Source, str | None, list[int]]
"""A source, its content key if it is a file, and the numbers of the jobs over it."""


class DecodingThreads:
    """Threads that work through the sources, one for each decoder.

    Args:
        sources: Sources, the content key of each that is a file, and the numbers of the jobs over it.
        decoders: One for each thread.
        timeout_s: How long a thread may take from one event to the next, and wait for the decoder alone. The jobs over
            a source that takes longer are skips, its decoder is closed, and another thread takes over.
        timeout_per_s: What is added to the first for every second of sound or video that was decoded of the source.
        should_stop: Once it returns True, no more events come.
    """

    def __init__(
        self,
        sources: Sequence[Task],
        decoders: Sequence[Decoder],
        *,
        timeout_s: float = math.inf,
        timeout_per_s: float = 0.0,
        should_stop: Callable[[], bool] = never,
    ) -> None:
        self._timeout_s = timeout_s
        self._timeout_per_s = timeout_per_s
        self._should_stop = should_stop
        self._sources = iter(sources)
        self._lock = threading.Lock()  # of `_sources`; taken by the threads alone
        self._events: ByteQueue[DecodeEvent | _ThreadEnded] = ByteQueue(_QUEUE_BYTES)
        self._num_running = len(decoders)
        self._holding = contextlib.ExitStack()
        self._lanes = [_Lane(decoder) for decoder in decoders]

    def __enter__(self) -> DecodingThreads:
        # Each decoding thread works alone: teams of torch threads in every one of them would fight for the cores.
        self._torch_threads = self._holding.enter_context(_torch_threads.held(1))
        try:
            for lane in self._lanes:
                self._start(lane)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._events.close()
        try:
            for lane in self._lanes if self._num_running else ():
                lane.decoder.close()
            deadline = time.monotonic() + _GRACE_S
            for lane in self._lanes:
                if lane.thread is not None and lane.thread.is_alive():  # an interrupt may have come before it was
                    lane.thread.join(max(0.0, deadline - time.monotonic()))
        finally:
            torch.set_num_threads(self._torch_threads)
            self._holding.close()

    def __iter__(self) -> Iterator[DecodeEvent]:
        checked_at = time.monotonic()
        while self._num_running and not self._should_stop():
            event = self._events.get(_POLL_S)
            if isinstance(event, _ThreadEnded):
                self._num_running -= 1
                if event.failure is not None:
                    raise event.failure
            elif event is not None:
                yield event
            if time.monotonic() - checked_at > _POLL_S:
                checked_at = time.monotonic()
                yield from self._leave_stuck_threads(checked_at)

    def _start(self, lane: _Lane) -> None:
        lane.thread = BackgroundThread(self._work, lane)
        lane.thread.start()

    def _leave_stuck_threads(self, now: float) -> Iterator[DecodeEvent]:
        """Give up sources that nothing comes out of, and start threads in place of those that decode them."""
        for position, lane in enumerate(self._lanes):
            busy_since, watch = lane.busy_since, lane.decoder.watch
            if busy_since is None or lane.task is None:
                continue
            allowed_s = self._timeout_s + self._timeout_per_s * watch.decoded_s
            busy_s = now - busy_since - watch.started_s(now)
            if busy_s <= allowed_s and watch.waited_s(now) <= self._timeout_s:
                continue
            lane.is_left_behind = True
            source, _, jobs = lane.task
            waited_s = max(busy_s, watch.waited_s(now))
            skip = Skip(
                code=SkipCode.DECODE_TIMEOUT,
                reason=f"{source}: nothing came out of decoding it for {waited_s:.0f} s, after {watch.decoded_s:.0f} s "
                "of sound and video",
                hint="the file breaks the decoder: make it again; `decode_timeout_s=` allows more time",
            )
            yield from (DecodeEvent(job, outcome=skip) for job in jobs if job not in lane.finished)
            lane.decoder.close()
            self._lanes[position] = successor = _Lane(lane.decoder.successor())
            self._start(successor)

    def _work(self, lane: _Lane) -> None:
        torch.set_num_threads(1)
        failure: BaseException | None = None
        try:
            while (task := self._next_source(lane)) is not None:
                lane.begin(task)
                source, content_key, jobs = task
                before = None if content_key is None else _file_facts(source)
                with contextlib.closing(lane.decoder.decode(source, jobs)) as events:
                    for event in events:
                        if event.window is None and content_key is not None:
                            event = _checked(event, source, content_key, before)
                        if lane.is_left_behind:
                            return
                        self._put(event, lane)
        except Stopped:
            return
        except BaseException as error:  # noqa: BLE001 - raised where the run waits
            failure = error
        if not lane.is_left_behind:
            lane.busy_since = None
            with contextlib.suppress(Stopped):
                self._events.put(_ThreadEnded(failure), 0)

    def _put(self, event: DecodeEvent, lane: _Lane) -> None:
        lane.busy_since = None  # while it waits for room, nothing is wrong with the source
        self._events.put(event, event.window.size_bytes if event.window else 0)
        if event.window is None:
            lane.finished.add(event.job)
        lane.busy_since = time.monotonic()

    def _next_source(self, lane: _Lane) -> Task | None:
        """Return the next source, or None: there is no more, or not for a thread that was given up."""
        with self._lock:
            return None if lane.is_left_behind else next(self._sources, None)


class _Lane:
    """A decoder, the thread that runs it, and what it is at."""

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder
        self.thread: BackgroundThread | None = None
        self.task: Task | None = None
        self.finished: set[int] = set()
        self.busy_since: float | None = None
        self.is_left_behind = False

    def begin(self, task: Task) -> None:
        """Note a new source."""
        self.finished.clear()
        self.decoder.watch.restart()
        self.task = task
        self.busy_since = time.monotonic()


class _ThreadEnded:
    """Last message of a decoding thread, with the fault that ended it, if one did."""

    def __init__(self, failure: BaseException | None) -> None:
        self.failure = failure


class LocalDecoder:
    """Cuts sources in this process.

    Args:
        extractors: Job number -> its extractor.
        limits: What a source may unfold to.
        reader: Reads files in a process of its own; without one they are read in this process.
        watch: In place of a usual one.
    """

    def __init__(
        self,
        extractors: Mapping[int, Extractor],
        limits: MediaLimits = DEFAULT_LIMITS,
        *,
        reader: ReaderProcess | None = None,
        watch: DecodeWatch | None = None,
    ) -> None:
        self._extractors = extractors
        self._limits = limits
        self._reader = reader
        self._further_readers: list[ReaderProcess] = []  # clips in step are read by a process each
        self.watch = watch or DecodeWatch()

    def decode(self, source: Source, jobs: Sequence[int]) -> Generator[DecodeEvent, None, None]:
        """Yield the events of the jobs with these numbers."""
        if isinstance(source, str):
            for job in jobs:
                yield from make_windows(job, self._extractors[job], source)
            return
        if isinstance(source, SourceGroup):
            yield from self._decode_group(source, jobs)
            return
        try:
            item = self._open(source, self._reader)
        except Exception as error:  # noqa: BLE001 - a clip's failure becomes its skip
            yield from (DecodeEvent(job, outcome=skip_of_failure(error, source)) for job in jobs)
            return
        with item:
            yield from self._decode_item(item, source, jobs)

    def close(self) -> None:
        """End the thread at its next packet, frame or block, and the process that reads for it at once."""
        self.watch.end()
        for reader in (self._reader, *self._further_readers):
            if reader is not None:
                reader.close()

    def successor(self) -> LocalDecoder:
        """Return a decoder with a watch and a process of its own."""
        reader = None if self._reader is None else ReaderProcess()
        return LocalDecoder(self._extractors, self._limits, reader=reader)

    def _open(self, source: MediaSource, reader: ReaderProcess | None) -> MediaItem:
        if reader is None or not source.is_repeatable:
            return open_media(source, limits=self._limits, advance=self.watch.advance)
        return reader.open(source, self._limits, watch=self.watch)

    def _decode_group(self, group: SourceGroup, jobs: Sequence[int]) -> Iterator[DecodeEvent]:
        readers = iter(self._readers(len(group.clips)))
        with contextlib.ExitStack() as opened:
            try:
                clips = [
                    None if clip is None else opened.enter_context(self._open(_with_rate(clip, group), next(readers)))
                    for clip in group.clips
                ]
            except Exception as error:  # noqa: BLE001 - a clip's failure becomes its skip
                yield from (DecodeEvent(job, outcome=skip_of_failure(error, group)) for job in jobs)
                return
            yield from pass_frames(clips, self._streamed(jobs), group)
            for job in jobs:
                extractor = self._extractors[job]
                if isinstance(extractor, PairExtractor):
                    yield _compared(job, extractor, clips, group)

    def _readers(self, count: int) -> list[ReaderProcess | None]:
        """Return what reads so many clips side by side; nothing where clips are read in this process."""
        if self._reader is None:
            return [None] * count
        self._further_readers.extend(ReaderProcess() for _ in range(count - 1 - len(self._further_readers)))
        return [self._reader, *self._further_readers]

    def _streamed(self, jobs: Sequence[int]) -> dict[int, StreamedExtractor]:
        found = ((job, self._extractors[job]) for job in jobs)
        return {job: extractor for job, extractor in found if isinstance(extractor, StreamedExtractor)}

    def _decode_item(self, item: MediaItem, source: MediaSource, jobs: Sequence[int]) -> Iterator[DecodeEvent]:
        ready = []
        streamed = self._streamed(jobs)
        for job in jobs:
            if job in streamed:
                continue
            extractor = self._extractors[job]
            assert isinstance(extractor, ClipExtractor | WindowExtractor)
            try:
                item.add_requests(*extractor.requests(item))
                ready.append(job)
            except Exception as error:  # noqa: BLE001 - a clip's failure becomes its skip
                yield DecodeEvent(job, outcome=skip_of_failure(error, source))
        yield from pass_frames((item,), streamed, item)
        for job in sorted(ready, key=lambda job: not _streams_frames(self._extractors[job])):
            yield from make_windows(job, self._extractors[job], item)


def _streams_frames(extractor: Extractor) -> bool:
    return isinstance(extractor, WindowExtractor) and extractor.streams_frames


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


def _compared(job: int, extractor: PairExtractor, clips: Sequence[MediaItem | None], name: object) -> DecodeEvent:
    generated, reference = clips
    assert generated is not None
    assert reference is not None
    try:
        return DecodeEvent(job, outcome=extractor.compare(generated, reference))
    except Exception as error:  # noqa: BLE001 - a clip's failure becomes its skip
        return DecodeEvent(job, outcome=skip_of_failure(error, name))


def _with_rate(source: MediaSource, group: SourceGroup) -> MediaSource:
    """Return a clip of a group; frames in memory without a rate have that of another clip, or go by number."""
    if source.frames is None or source.fps is not None:
        return source
    return replace(source, fps=next((clip.fps for clip in group.present if clip.fps), UNSTATED_RATE))


def _file_facts(source: Source) -> tuple[int, ...] | None:
    """Return what changes whenever a file is replaced or written to, even by the same content; None without a path."""
    if isinstance(source, SourceGroup):
        return tuple(fact for clip in source.present for fact in _file_facts(clip) or ())
    path = None if isinstance(source, str) else source.path or (source.stored and source.stored.place)
    if not isinstance(path, Path):
        return None
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _checked(event: DecodeEvent, source: Source, content_key: str, before: tuple[int, ...] | None) -> DecodeEvent:
    """Return the last event of a job, or a skip if the file is no longer what its key names, or was another meanwhile.

    The key is cheap where nothing has touched the file: it is remembered by size, inode and times.
    """
    try:
        is_same = content_key_of(source) == content_key and _file_facts(source) == before
    except SkipError as error:
        if error.code is SkipCode.FETCH_FAILED:  # nothing says that it is another file
            return DecodeEvent(event.job, outcome=Skip.of(error))
        is_same = False
    if is_same:
        return event
    skip = Skip(
        code=SkipCode.CHANGED_WHILE_READING,
        reason=f"{source}: the file was replaced or written to while it was read",
        hint="score clips that nobody writes any more, or give every clip a name of its own",
    )
    return DecodeEvent(event.job, outcome=skip)


def content_key_of(source: Source) -> str:
    """Return the key of a source's content; equal content has an equal key, read by the same decoder.

    Raises:
        SkipError: The file is missing or unreadable.
    """
    if isinstance(source, str):
        return content_key_of_text(source)
    if isinstance(source, SourceGroup):
        return "+".join("" if clip is None else content_key_of(clip) for clip in source.clips)
    return f"{media_key(source)}@{decoder_version()}"


def content_key_of_text(text: str) -> str:
    """Return the key of a text, as `content_key` is that of a file."""
    return hashlib.sha256(b"text\0" + text.encode("utf-8", "surrogatepass")).hexdigest()
