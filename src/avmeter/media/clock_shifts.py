"""Follow clocks that jump, as in transport streams that were joined or cut.

    time stamps of the file   0.00 .. 1.96 | 0.00 .. 1.96         back, or forward by more than 10 s: a discontinuity
    shifts                                 | + 2.00               time goes on from where it was
    clock of the clip         0.00 .. 1.96 | 2.00 .. 3.96

Source: the rules of the command line tool ffmpeg for formats whose clock may jump.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from avmeter.media.advance import Advance, unwatched
from avmeter.media.container import File, open_container
from avmeter.media.stream_choice import readable_streams

Shifts = Mapping[int, Sequence[tuple[int, int]]]
"""Stream index -> (position of a packet in its stream, what is added to time stamps from there on), ascending."""

# Demuxers whose clock may jump: those that libavformat flags so (AVFMT_TS_DISCONT), and FLV of live streams.
_MAY_JUMP = frozenset(("flv", "m4v", "mpeg", "mpegts", "ogg"))
_BACKWARD_S = 0.1
_FORWARD_S = 10.0
# Audio and video of a joined part begin and end at slightly different times.
_OVERLAP_S = 1.0
_BROKEN = (OSError, ValueError)  # libav's errors are of these

Stamp = tuple[int, float, float]  # position in the stream, decoding time and duration in seconds


def read_shifts(file: File, demuxer: str, advance: Advance = unwatched) -> Shifts:
    """Find the discontinuities of a file's clock; none in formats whose clock does not jump.

    Video is followed first; audio takes the shift of a discontinuity from it, so that both stay together.

    Args:
        file: The file.
        demuxer: Name of its demuxer.
        advance: Called for every packet.

    Raises:
        MediaError: As `open_container`.
    """
    if demuxer not in _MAY_JUMP:
        return {}
    with open_container(file) as container:
        streams = [*readable_streams(container, "video"), *readable_streams(container, "audio")]
        units_s = {s.index: float(s.time_base) for s in streams}
        stamps = _read_stamps(container, streams, advance)
    shared: list[float] = []
    shifts: dict[int, list[tuple[int, int]]] = {}
    for index, unit_s in units_s.items():
        found = follow(stamps[index], shared)
        shared = shared or [shift for _, shift in found]
        if found:
            shifts[index] = [(position, round(shift / unit_s)) for position, shift in found]
    return shifts


def follow(stamps: Sequence[Stamp], shared: Sequence[float]) -> list[tuple[int, float]]:
    """Return (position, shift in seconds) of every discontinuity of one stream.

    Args:
        stamps: Of its packets, in the order of the file; a duration of 0 is not known: the last step counts.
        shared: Shifts of another stream of the same file; the next one that makes this stream go on is taken.
    """
    found: list[tuple[int, float]] = []
    shift, num_used = 0.0, 0
    expected_s: float | None = None
    before_s, step_s = 0.0, 0.0
    for position, time_s, duration_s in stamps:
        if expected_s is not None and not -_BACKWARD_S <= time_s + shift - expected_s <= _FORWARD_S:
            own = expected_s - time_s
            ahead = (i for i in range(num_used, len(shared)) if abs(shared[i] - own) <= _OVERLAP_S)
            match = next(ahead, None)
            shift = own if match is None else shared[match]
            num_used = num_used if match is None else match + 1
            found.append((position, shift))
        elif expected_s is not None:
            step_s = max(0.0, time_s - before_s)
        expected_s, before_s = time_s + shift + (duration_s or step_s), time_s
    return found


def _read_stamps(container: Any, streams: Sequence[Any], advance: Advance) -> dict[int, list[Stamp]]:
    stamps: dict[int, list[Stamp]] = {s.index: [] for s in streams}
    counts = dict.fromkeys(stamps, 0)
    demuxer = container.demux(streams)
    while True:
        advance(0.0)
        try:
            packet = next(demuxer)
        except (StopIteration, *_BROKEN):
            return stamps
        index = packet.stream.index
        if packet.dts is not None:
            unit_s = float(packet.time_base)
            stamps[index].append((counts[index], packet.dts * unit_s, (packet.duration or 0) * unit_s))
        counts[index] += 1
