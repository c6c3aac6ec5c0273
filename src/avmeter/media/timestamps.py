"""When each frame of a video is shown: read from packets where they can be trusted, else by decoding.

stamps        0      3600   7200          14400   integers in units of `unit_s`, sorted
times_s       0.00   0.04   0.08          0.16    seconds from the first frame
on screen     [0.....[1.....[2............[3....) frame i is shown during [times_s[i], times_s[i + 1])
                                          `last_duration_s` closes the last one
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from avmeter.errors import MediaError, SkipCode
from avmeter.media.advance import Advance, unwatched
from avmeter.media.clock_shifts import Shifts
from avmeter.media.container import MAX_PIXELS, File, open_container
from avmeter.media.packets import Losses, decoded, packets
from avmeter.media.stream_choice import choose_stream

# Containers whose packets carry the presentation time of every frame that will be shown, and codecs with packets
# that are not shown.
_TIMED_CONTAINERS = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"}
_HIDDEN_FRAMES = {"vp8"}
# One frame that is shown for longer than this is a clock that jumps.
_LONGEST_FRAME_S = 600.0
# Frames are not stored in the order in which they are shown: codecs reorder up to 16.
_REORDERED_FRAMES = 32
_BACKWARD_S = 1.0


@dataclass(frozen=True, kw_only=True)
class FrameTimestamps:
    """Presentation times of every frame that is shown, sorted.

    Attributes:
        stamps: (T,) int64, in units of `unit_s`.
        unit_s: Seconds.
        last_duration_s: How long the last frame is shown; None if the file does not say.
    """

    stamps: np.ndarray
    unit_s: float
    last_duration_s: float | None

    def __post_init__(self) -> None:
        if self.stamps.ndim != 1 or (np.diff(self.stamps) < 0).any():
            raise ValueError(f"time stamps of shape {self.stamps.shape} are not sorted")

    def __len__(self) -> int:
        return len(self.stamps)

    @property
    def start_s(self) -> float:
        """Time of the first frame on the container's clock."""
        return float(self.stamps[0]) * self.unit_s

    @property
    def times_s(self) -> np.ndarray:
        """(T,) float64, relative to the first frame."""
        if not len(self.stamps):
            return np.empty(0, np.float64)
        times: np.ndarray = (self.stamps - self.stamps[0]) * self.unit_s
        return times


def read_timestamps(
    file: File,
    shifts: Shifts | None = None,
    *,
    first_frame_s: float | None = None,
    max_pixels: int = MAX_PIXELS,
    max_gap_s: float = _LONGEST_FRAME_S,
    advance: Advance = unwatched,
) -> FrameTimestamps:
    """Read the times of all frames of the video track that is read.

    Args:
        file: The file.
        shifts: Of the clock.
        first_frame_s: Time of the first frame that can be decoded, if that is known.
        max_pixels: Larger frames are not decoded.
        max_gap_s: A frame that is shown for longer is a clock that jumps.
        advance: Called for every packet and frame.

    Raises:
        MediaError: As `choose_stream`; `decode_error` if the frames carry no times, or times that jump.
    """
    found = _from_packets(file, shifts or {}, first_frame_s, advance)
    if found is None:
        found = _from_frames(file, shifts or {}, max_pixels, advance)
    _check_leaps(found, file, max_gap_s)
    return found


def _from_packets(file: File, shifts: Shifts, first_frame_s: float | None, advance: Advance) -> FrameTimestamps | None:
    """Read times from packets; None where they are not those of the frames that are shown."""
    with open_container(file) as container:
        stream = choose_stream(container, file, "video")
        if container.format.name not in _TIMED_CONTAINERS or stream.codec_context.name in _HIDDEN_FRAMES:
            return None
        timed = [(p.pts, p.duration, p.is_keyframe) for p in packets(container, stream, shifts, advance)]
        if any(pts is None for pts, _, _ in timed):
            return None
        unit_s = float(stream.time_base)
    found = _timestamps([(pts, duration) for pts, duration, _ in timed], unit_s, file)
    key_pts, leading = _leading([(pts, is_key) for pts, _, is_key in timed])
    if first_frame_s is not None and (key_pts is None or first_frame_s > (key_pts + 0.5) * unit_s):
        # Recovery without key frames, as in a cut stream with intra refresh: the decoder waits until a frame is whole.
        return replace(found, stamps=found.stamps[found.stamps * unit_s > first_frame_s - 0.5 * unit_s])
    if not leading:
        return found
    shown = _decoded_leading(file, max(leading), advance)
    stamps = np.array([s for s in found.stamps.tolist() if s not in leading or s in shown], np.int64)
    return replace(found, stamps=stamps)


def _leading(timed: Sequence[tuple[int, bool]]) -> tuple[int | None, set[int]]:
    """Return the stamp of the first key frame, and those of frames that may refer to what was before it.

    decode order   (b) K b b P ...   `b` in front of K, or shown before it
    """
    first_key = next((i for i, (_, is_key) in enumerate(timed) if is_key), None)
    if first_key is None:
        return None, set()
    key_pts = timed[first_key][0]
    before = {pts for pts, _ in timed[:first_key]}
    return key_pts, before | {pts for pts, _ in timed[first_key + 1 :] if pts < key_pts}


def _decoded_leading(file: File, last: int, advance: Advance) -> set[int]:
    """Return the stamps of frames up to `last` that the decoder gives."""
    shown: set[int] = set()
    with open_container(file) as container:
        stream = choose_stream(container, file, "video")
        for frame in decoded(container, stream, Losses(), {}, advance):
            if frame.pts is not None and frame.pts > last:
                break
            shown.add(frame.pts)
    return shown


def _from_frames(file: File, shifts: Shifts, max_pixels: int, advance: Advance) -> FrameTimestamps:
    with open_container(file, max_pixels=max_pixels) as container:
        stream = choose_stream(container, file, "video")
        timed = []
        for frame in decoded(container, stream, Losses(), shifts, advance):
            if frame.pts is None:
                raise MediaError(
                    SkipCode.DECODE_ERROR,
                    f"{file}: the frames carry no presentation times ({stream.codec_context.name})",
                    hint="put the stream in a container, for example mp4 or mkv",
                )
            timed.append((frame.pts, frame.duration))
        return _timestamps(timed, float(stream.time_base), file)


def _timestamps(timed: Sequence[tuple[int, int | None]], unit_s: float, file: File) -> FrameTimestamps:
    """Sort (time stamp, duration) of frames in the order of the file.

    Raises:
        MediaError: `decode_error` if they go back by more than decoders reorder.
    """
    _check_order(np.array([pts for pts, _ in timed], np.int64) * unit_s, file)
    last_duration = max(timed, default=(0, 0), key=lambda t: (t[0], t[1] or 0))[1] or 0
    # A duration of hours is a broken header, not an image that is shown for hours.
    is_plausible = 0 < last_duration * unit_s <= _LONGEST_FRAME_S
    return FrameTimestamps(
        stamps=np.sort(np.array([pts for pts, _ in timed], np.int64)),
        unit_s=unit_s,
        last_duration_s=last_duration * unit_s if is_plausible else None,
    )


def _check_order(times_s: np.ndarray, file: File) -> None:
    """Refuse a clock that goes back: sorted, the frames of two parts would be shuffled.

    Raises:
        MediaError: `decode_error`.
    """
    if len(times_s) < 2:
        return
    back_s = np.maximum.accumulate(times_s) - times_s
    frame_s = float(np.median(np.diff(np.sort(times_s))))
    if back_s.max() > max(_BACKWARD_S, _REORDERED_FRAMES * frame_s):
        at = int(back_s.argmax())
        raise MediaError(
            SkipCode.DECODE_ERROR,
            f"{file}: the time stamps go back by {back_s[at]:.2f} s at frame {at} of {len(times_s)}",
            hint="the clock of the file is broken: make it again",
        )


def _check_leaps(found: FrameTimestamps, file: File, max_gap_s: float) -> None:
    """Refuse a clock that leaps: at a fixed rate hours of one frame would be sampled.

    Raises:
        MediaError: `decode_error`.
    """
    leaps = np.diff(found.stamps) * found.unit_s
    if len(leaps) and leaps.max() > max_gap_s:
        at = int(leaps.argmax()) + 1
        raise MediaError(
            SkipCode.DECODE_ERROR,
            f"{file}: the time stamps jump by {leaps.max():.0f} s at frame {at} of {len(found)}",
            hint="the clock of the file is broken: make it again, or raise the limit `max_gap_s`",
        )
