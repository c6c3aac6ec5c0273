"""One decoding pass over a clip, or over several in step, for all extractors that take frames as they come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from avmeter.engine.decode.messages import DecodeEvent
from avmeter.engine.failures import skip_of_failure
from avmeter.features.base import Features
from avmeter.features.frame_stream import Frame, FrameConsumer, StreamedExtractor, frames_in_step
from avmeter.media import MediaItem


@dataclass(kw_only=True)
class _Job:
    """A job, and how many windows it has cut."""

    number: int
    consumer: FrameConsumer
    num_windows: int = 0
    is_done: bool = False


def pass_frames(
    clips: Sequence[MediaItem | None], extractors: Mapping[int, StreamedExtractor], name: object
) -> Iterator[DecodeEvent]:
    """Yield all events of the jobs over these clips; those that begin at the same frames share a pass.

    Args:
        clips: One clip, or those that are compared; None where there is no optional one.
        extractors: Number of a job -> its extractor.
        name: Of the clips, for messages.
    """
    by_start: dict[tuple[int, ...], list[_Job]] = {}
    for number, extractor in extractors.items():
        try:
            consumer = extractor.consumer(*clips)
        except Exception as error:  # noqa: BLE001 - a clip's failure becomes its skip
            yield DecodeEvent(number, outcome=skip_of_failure(error, name))
            continue
        start = tuple(indices.start for indices in consumer.ranges)
        by_start.setdefault(start, []).append(_Job(number=number, consumer=consumer))
    for start, jobs in by_start.items():
        yield from _one_pass(clips, start, jobs, name)


def _one_pass(
    clips: Sequence[MediaItem | None], start: tuple[int, ...], jobs: Sequence[_Job], name: object
) -> Iterator[DecodeEvent]:
    stops = [max(job.consumer.ranges[i].stop for job in jobs) for i in range(len(clips))]
    ranges = [range(*limits) for limits in zip(start, stops, strict=True)]
    try:
        for position, frames in enumerate(frames_in_step(clips, ranges)):
            for job in jobs:
                yield from _add(job, position, frames, name)
    except Exception as error:  # noqa: BLE001 - as above
        skip = skip_of_failure(error, name)
        yield from (DecodeEvent(job.number, outcome=skip) for job in jobs if not job.is_done)
        return
    for job in jobs:
        if not job.is_done:
            yield _finish(job, name)


def _add(job: _Job, position: int, frames: Sequence[Frame | None], name: object) -> Iterator[DecodeEvent]:
    ranges = job.consumer.ranges
    own = [frame if position < len(indices) else None for frame, indices in zip(frames, ranges, strict=True)]
    if job.is_done or all(frame is None for frame in own):
        return
    try:
        windows = list(job.consumer.add(*own))
    except Exception as error:  # noqa: BLE001 - as above
        job.is_done = True
        yield DecodeEvent(job.number, outcome=skip_of_failure(error, name))
        return
    for window in windows:
        yield DecodeEvent(job.number, window=window, index=job.num_windows)
        job.num_windows += 1


def _finish(job: _Job, name: object) -> DecodeEvent:
    try:
        found = job.consumer.finish()
    except Exception as error:  # noqa: BLE001 - as above
        return DecodeEvent(job.number, outcome=skip_of_failure(error, name))
    if isinstance(found, Features):
        return DecodeEvent(job.number, outcome=found)
    return DecodeEvent(job.number, index=job.num_windows, facts=found)
