"""One decoding pass over clips side by side, for all extractors that take frames of one or several as they come."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from avmeter.engine.decode.messages import DecodeEvent
from avmeter.engine.failures import FAILURES_OF_ITEMS, skip_of_failure
from avmeter.features.base import Features
from avmeter.features.frame_stream import Frame, FrameConsumer, StreamedExtractor
from avmeter.media import MediaItem
from avmeter.result import Skip


class StreamedJob(NamedTuple):
    """A job, and what it reads.

    Attributes:
        extractor: Takes frames.
        reads: Positions of its clips; None in the place of an optional one that is absent.
        name: Of these clips, for messages.
    """

    extractor: StreamedExtractor
    reads: tuple[int | None, ...]
    name: str


@dataclass(kw_only=True)
class _Taking:
    """A job that takes frames, and how many windows it has cut."""

    number: int
    name: str
    consumer: FrameConsumer
    ranges: Mapping[int, range]  # of its clips, by position
    reads: tuple[int | None, ...]
    num_windows: int = 0
    is_done: bool = False

    def needs(self, position: int, step: int) -> bool:
        """Whether it has not taken all frames of this clip before this step."""
        return not self.is_done and step < len(self.ranges.get(position, ()))


@dataclass
class _Pass:
    """Jobs that begin at the same frames of the clips that they share."""

    jobs: list[_Taking] = field(default_factory=list)
    starts: dict[int, int] = field(default_factory=dict)

    def takes(self, job: _Taking) -> bool:
        """Add a job, unless it begins at another frame of one of the clips."""
        starts = {position: indices.start for position, indices in job.ranges.items() if len(indices)}
        if any(self.starts.get(position, start) != start for position, start in starts.items()):
            return False
        self.starts.update(starts)
        self.jobs.append(job)
        return True


def pass_frames(clips: Mapping[int, MediaItem], jobs: Mapping[int, StreamedJob]) -> Iterator[DecodeEvent]:
    """Yield all events of jobs over clips that lie side by side; those that begin at the same frames share a pass.

    Args:
        clips: Clips by their positions.
        jobs: Jobs by their numbers.
    """
    taking = []
    for number, (extractor, reads, name) in jobs.items():
        try:
            consumer = extractor.consumer(*(None if position is None else clips[position] for position in reads))
        except FAILURES_OF_ITEMS as error:  # a clip's failure becomes its skip
            yield DecodeEvent(number, outcome=skip_of_failure(error, name))
            continue
        ranges = {p: indices for p, indices in zip(reads, consumer.ranges, strict=True) if p is not None}
        taking.append(_Taking(number=number, name=name, consumer=consumer, ranges=ranges, reads=reads))
    passes: list[_Pass] = []
    for job in sorted(taking, key=lambda job: -len(job.ranges)):  # so that jobs over one clip join those over several
        if not any(one.takes(job) for one in passes):
            passes.append(_Pass())
            passes[-1].takes(job)
    for one in passes:
        one.jobs.sort(key=lambda job: job.number)
        yield from _one_pass(clips, one)


def _one_pass(clips: Mapping[int, MediaItem], one: _Pass) -> Iterator[DecodeEvent]:
    with contextlib.ExitStack() as stack:
        streams = {}
        for position, start in one.starts.items():
            stop = max(job.ranges[position].stop for job in one.jobs if position in job.ranges)
            streams[position] = stack.enter_context(
                contextlib.closing(clips[position].frame_groups(range(start, stop), 1, planar=False))
            )
        step = 0
        while streams:
            frames: dict[int, Frame] = {}
            for position in list(streams):
                try:
                    group = next(streams[position], None)
                except FAILURES_OF_ITEMS as error:  # as above
                    yield from _fail(one.jobs, position, step, skip_of_failure(error, clips[position]))
                    group = None
                if group is None:
                    del streams[position]
                else:
                    frames[position] = group[0]
            for job in one.jobs:
                yield from _add(job, step, frames)
            step += 1
    for job in one.jobs:
        if not job.is_done:
            yield _finish(job)


def _fail(jobs: Sequence[_Taking], position: int, step: int, skip: Skip) -> Iterator[DecodeEvent]:
    """End the jobs that still need frames of a clip from which no more come."""
    for job in jobs:
        if job.needs(position, step):
            job.is_done = True
            yield DecodeEvent(job.number, outcome=skip)


def _add(job: _Taking, step: int, frames: Mapping[int, Frame]) -> Iterator[DecodeEvent]:
    own = [frames[p] if p is not None and job.needs(p, step) else None for p in job.reads]
    if all(frame is None for frame in own):
        return
    try:
        windows = list(job.consumer.add(*own))
    except FAILURES_OF_ITEMS as error:  # as above
        job.is_done = True
        yield DecodeEvent(job.number, outcome=skip_of_failure(error, job.name))
        return
    for window in windows:
        yield DecodeEvent(job.number, window=window, index=job.num_windows)
        job.num_windows += 1


def _finish(job: _Taking) -> DecodeEvent:
    try:
        found = job.consumer.finish()
        if isinstance(found, Features):
            return DecodeEvent(job.number, outcome=Features.owned(found))
    except FAILURES_OF_ITEMS as error:  # as above
        return DecodeEvent(job.number, outcome=skip_of_failure(error, job.name))
    return DecodeEvent(job.number, index=job.num_windows, facts=found)
