"""Decoding threads: each source is opened once, and the windows of every extractor that wants it are made."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any, Protocol

import torch

from avmeter.engine.compute.batching import ByteQueue, Stopped
from avmeter.engine.decode.messages import Produced, as_skip
from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import ClipExtractor, Extractor, WindowExtractor
from avmeter.media import MediaItem, array_key, content_key
from avmeter.sample import MediaSource

_QUEUE_BYTES = 1024 * 2**20


class Producer(Protocol):
    """Makes the messages of all jobs over one source."""

    def produce_all(self, source: MediaSource | str, numbers: Sequence[int]) -> Generator[Produced, None, None]:
        """Messages of the jobs with these numbers; the source is opened once."""

    def close(self) -> None:
        """Called from another thread when nobody waits for the messages any more: end them soon."""


class Decoders:
    """Threads that work through the sources, one for each producer.

    Args:
        work: Sources, and the numbers of the jobs over each.
        producers: One for each thread.
    """

    def __init__(self, work: Sequence[tuple[MediaSource | str, list[int]]], producers: Sequence[Producer]) -> None:
        self._work = iter(work)
        self._lock = threading.Lock()
        self._queue: ByteQueue[Produced] = ByteQueue(_QUEUE_BYTES)
        self._alive = len(producers)
        self._failure: BaseException | None = None
        self._producers = producers
        self._threads = [threading.Thread(target=self._loop, args=(p,), daemon=True) for p in producers]

    def __enter__(self) -> Decoders:
        # Each decoding thread works alone: teams of torch threads in every one of them would fight for the cores.
        self._torch_threads = torch.get_num_threads()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._queue.close()
        try:
            with self._lock:
                is_broken_off = self._alive > 0
            for producer in self._producers if is_broken_off else ():
                producer.close()
            for thread in self._threads:
                thread.join()
        finally:
            torch.set_num_threads(self._torch_threads)

    def __iter__(self) -> Iterator[Produced]:
        while True:
            with self._lock:
                finished = self._alive == 0
            message = self._queue.get(timeout_s=0.0 if finished else 0.1)
            if self._failure is not None:
                raise self._failure
            if message is not None:
                yield message
            elif finished:
                return

    def _loop(self, producer: Producer) -> None:
        torch.set_num_threads(1)
        try:
            while True:
                with self._lock:
                    task = next(self._work, None)
                if task is None:
                    return
                with contextlib.closing(producer.produce_all(*task)) as messages:
                    for message in messages:
                        self._queue.put(message, message.window.size_bytes if message.window else 0)
        except Stopped:
            return
        except BaseException as error:  # noqa: BLE001 - raised where the run waits
            self._failure = self._failure or error
        finally:
            with self._lock:
                self._alive -= 1


class LocalProducer:
    """Opens sources in this process.

    Args:
        extractors: Job number -> its extractor.
    """

    def __init__(self, extractors: Mapping[int, Extractor]) -> None:
        self._extractors = extractors

    def produce_all(self, source: MediaSource | str, numbers: Sequence[int]) -> Generator[Produced, None, None]:
        """Messages of the jobs with these numbers."""
        if isinstance(source, str):
            for number in numbers:
                yield from produce(number, self._extractors[number], source)
            return
        try:
            item = open_media(source)
        except Exception as error:  # noqa: BLE001 - the one boundary where any clip's failure becomes its skip
            yield from (Produced(number, outcome=as_skip(error, source)) for number in numbers)
            return
        with item:
            yield from self._produce_item(item, source, numbers)

    def close(self) -> None:
        """Nothing to do: a thread hears of it at its next message."""

    def _produce_item(self, item: MediaItem, source: MediaSource, numbers: Sequence[int]) -> Iterator[Produced]:
        wanted = []
        for number in numbers:
            extractor = self._extractors[number]
            assert isinstance(extractor, ClipExtractor | WindowExtractor)
            try:
                item.add_requests(*extractor.requests(item))
                wanted.append(number)
            except Exception as error:  # noqa: BLE001 - as above
                yield Produced(number, outcome=as_skip(error, source))
        for number in wanted:
            yield from produce(number, self._extractors[number], item)


def produce(number: int, extractor: Extractor, media: Any) -> Iterator[Produced]:
    """All messages of one job; any failure of this clip becomes its skip."""
    try:
        if isinstance(extractor, ClipExtractor):
            yield Produced(number, outcome=extractor.extract(media))
            return
        assert isinstance(extractor, WindowExtractor)
        count = 0
        for window in extractor.windows(media):
            yield Produced(number, window=window, index=count)
            count += 1
        yield Produced(number, index=count, facts=extractor.facts(media))
    except Stopped:
        raise
    except Exception as error:  # noqa: BLE001 - the one boundary where any clip's failure becomes its skip
        yield Produced(number, outcome=as_skip(error, media))


def content_key_of(source: MediaSource | str) -> str:
    """Key of a source's content; equal content has an equal key.

    Raises:
        SkipError: The file is missing or unreadable.
    """
    if isinstance(source, str):
        return content_key_of_text(source)
    if source.path is not None:
        return content_key(source.path)
    parts = []
    if source.samples is not None:
        parts.append(array_key(source.samples, source.sample_rate))
    if source.frames is not None:
        parts.append(array_key(source.frames, source.fps))
    return ":".join(parts)


def content_key_of_text(text: str) -> str:
    """Key of a text, as `content_key` is of a file."""
    return hashlib.sha256(b"text\0" + text.encode("utf-8", "surrogatepass")).hexdigest()


def open_media(source: MediaSource) -> MediaItem:
    """A decodable item behind a source.

    Raises:
        SkipError: The file is missing or unreadable, or frames came without a rate.
    """
    if source.path is not None:
        return MediaItem.open(source.path)
    if source.frames is not None:
        if source.fps is None:
            raise SkipError(
                SkipCode.NO_FRAME_RATE,
                f"{source}: frames without a frame rate",
                hint="give `fps=` with the frames",
            )
        return MediaItem.from_frames(source.frames, source.fps, audio=source.samples, sample_rate=source.sample_rate)
    assert source.samples is not None
    assert source.sample_rate is not None
    return MediaItem.from_audio(source.samples, source.sample_rate)
