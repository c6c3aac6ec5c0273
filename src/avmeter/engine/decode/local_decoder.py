"""Cutting sources in this process: each is opened once, and the windows of every extractor that reads it are made."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from avmeter.engine.decode.frame_pass import StreamedJob, pass_frames
from avmeter.engine.decode.messages import DecodeEvent, Source, SourceGroup, describe, part_of
from avmeter.engine.decode.reader_process import ReaderProcess
from avmeter.engine.decode.watch import DecodeWatch
from avmeter.engine.failures import FAILURES_OF_ITEMS, skip_of_failure
from avmeter.features.base import ClipExtractor, Extractor, Features, PairExtractor, Window, WindowExtractor
from avmeter.features.frame_stream import UNSTATED_RATE, StreamedExtractor
from avmeter.media import DEFAULT_LIMITS, MediaItem, MediaLimits, open_media, unknown_rate
from avmeter.media.hardware import HardwareDecoder
from avmeter.plain import kind_of
from avmeter.sample import MediaSource


class LocalDecoder:
    """Cuts sources in this process.

    Args:
        limits: What a source may unfold to.
        reader: Reads files in a process of its own; without one they are read in this process.
        watch: In place of a usual one.
        hardware: Decodes video in place of libav where it can, of files that are read in this process.
    """

    def __init__(
        self,
        limits: MediaLimits = DEFAULT_LIMITS,
        *,
        reader: ReaderProcess | None = None,
        watch: DecodeWatch | None = None,
        hardware: HardwareDecoder | None = None,
    ) -> None:
        self._limits = limits
        self._hardware = hardware
        self._reader = reader
        self._further_readers: list[ReaderProcess] = []  # clips in step are read by a process each
        self.watch = watch or DecodeWatch()

    def decode(self, source: Source, jobs: Mapping[int, Extractor]) -> Generator[DecodeEvent, None, None]:
        """Yield the events of the jobs with these numbers."""
        if isinstance(source, str):
            for job, extractor in jobs.items():
                yield from make_windows(job, extractor, source)
            return
        if isinstance(source, MediaSource):
            source = SourceGroup(clips=(source,), reads=dict.fromkeys(jobs, (0,)))
        yield from self._decode_clips(source, jobs)

    def close(self) -> None:
        """End the thread at its next packet, frame or block, and the process that reads for it at once."""
        self.watch.end()
        for reader in (self._reader, *self._further_readers):
            if reader is not None:
                reader.close()

    def successor(self) -> LocalDecoder:
        """Return a decoder with a watch and a process of its own."""
        reader = None if self._reader is None else ReaderProcess()
        return LocalDecoder(self._limits, reader=reader)

    def _open(self, source: MediaSource, reader: ReaderProcess | None) -> MediaItem:
        if reader is None or not source.is_repeatable:
            return open_media(source, limits=self._limits, advance=self.watch.advance, hardware=self._hardware)
        return reader.open(source, self._limits, watch=self.watch)

    def _decode_clips(self, group: SourceGroup, jobs: Mapping[int, Extractor]) -> Iterator[DecodeEvent]:
        with contextlib.ExitStack() as opened:
            clips: dict[int, MediaItem] = {}
            for position, (clip, reader) in enumerate(zip(group.clips, self._readers(len(group.clips)), strict=True)):
                reading = [job for job in jobs if position in group.reads[job]]
                if clip.frames is not None and clip.fps is None:
                    timed = [job for job in reading if _needs_rate(jobs[job], group.reads[job])]
                    yield from (DecodeEvent(job, outcome=skip_of_failure(unknown_rate(), clip)) for job in timed)
                    jobs = {job: extractor for job, extractor in jobs.items() if job not in timed}
                    reading = [job for job in reading if job not in timed]
                if not reading:
                    continue
                try:
                    clips[position] = opened.enter_context(self._open(_with_rate(clip, group), reader))
                except FAILURES_OF_ITEMS as error:  # a clip's failure becomes its skip
                    yield from (DecodeEvent(job, outcome=skip_of_failure(error, clip)) for job in reading)
                    jobs = {job: extractor for job, extractor in jobs.items() if job not in reading}
            yield from self._decode_opened(clips, group, jobs)

    def _readers(self, count: int) -> Sequence[ReaderProcess | None]:
        """Return what reads so many clips side by side; nothing where clips are read in this process."""
        if self._reader is None:
            return [None] * count
        self._further_readers.extend(ReaderProcess() for _ in range(count - 1 - len(self._further_readers)))
        return [self._reader, *self._further_readers][:count]

    def _decode_opened(
        self, clips: Mapping[int, MediaItem], group: SourceGroup, jobs: Mapping[int, Extractor]
    ) -> Iterator[DecodeEvent]:
        streamed: dict[int, StreamedJob] = {}
        ready = []
        for job, extractor in jobs.items():
            read = [None if position is None else clips[position] for position in group.reads[job]]
            if isinstance(extractor, StreamedExtractor):
                streamed[job] = StreamedJob(extractor, group.reads[job], describe(part_of(group, job)))
                continue
            try:
                if isinstance(extractor, ClipExtractor | WindowExtractor):
                    (clip,) = read
                    assert clip is not None
                    clip.add_requests(*extractor.requests(clip))
                ready.append((job, extractor, read))
            except FAILURES_OF_ITEMS as error:  # a clip's failure becomes its skip
                yield DecodeEvent(job, outcome=skip_of_failure(error, read[0]))
        yield from pass_frames(clips, streamed)
        for job, extractor, read in sorted(ready, key=lambda entry: not _streams_frames(entry[1])):
            if isinstance(extractor, PairExtractor):
                yield _compared(job, extractor, read, describe(part_of(group, job)))
            else:
                yield from make_windows(job, extractor, read[0])


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
            yield DecodeEvent(job, outcome=Features.owned(extractor.extract(media)))
            return
        assert isinstance(extractor, WindowExtractor)
        num_windows = 0
        for window in extractor.windows(media):
            _require_window(window)
            yield DecodeEvent(job, window=window, index=num_windows)
            num_windows += 1
        yield DecodeEvent(job, index=num_windows, facts=extractor.facts(media))
    except FAILURES_OF_ITEMS as error:  # a clip's failure becomes its skip
        yield DecodeEvent(job, outcome=skip_of_failure(error, media))


def _require_window(window: Any) -> None:
    """Refuse what is no window of arrays, before others count on it."""
    if not isinstance(window, Window) or not all(isinstance(a, np.ndarray) for a in window.inputs.values()):
        raise TypeError(f"`windows` made a {kind_of(window)} that is no window of arrays")


def _compared(job: int, extractor: PairExtractor, clips: Sequence[MediaItem | None], name: object) -> DecodeEvent:
    generated, reference = clips
    assert generated is not None
    assert reference is not None
    try:
        return DecodeEvent(job, outcome=Features.owned(extractor.compare(generated, reference)))
    except FAILURES_OF_ITEMS as error:  # a clip's failure becomes its skip
        return DecodeEvent(job, outcome=skip_of_failure(error, name))


def _needs_rate(extractor: Extractor, read: Sequence[int | None]) -> bool:
    """Return whether an extractor must know how fast the frames of a clip are shown; of two clips they go by number."""
    return len(read) == 1 and extractor.takes == "video" and extractor.needs_rate


def _with_rate(source: MediaSource, group: SourceGroup) -> MediaSource:
    """Return a clip of a group; frames in memory without a rate have that of another clip, or go by number."""
    if source.frames is None or source.fps is not None:
        return source
    return replace(source, fps=next((clip.fps for clip in group.clips if clip.fps), UNSTATED_RATE))
