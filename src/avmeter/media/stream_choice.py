"""Choose which of a file's streams is read: the requested one, else the one marked as default, else the first."""

from __future__ import annotations

from typing import Any, Literal

import av

from avmeter.errors import MediaError, SkipCode
from avmeter.media.container import File

Kind = Literal["audio", "video"]
_MISSING = {"audio": SkipCode.NO_AUDIO_TRACK, "video": SkipCode.NO_VIDEO_TRACK}


def choose_stream(container: Any, file: File, kind: Kind, choice: int | None = None) -> Any:
    """Return the stream of a kind that is read.

    Args:
        container: An open one.
        file: For messages.
        kind: Of the stream.
        choice: Position among the streams of that kind, 0 the first.

    Raises:
        MediaError: `no_audio_track` or `no_video_track`, also for a choice beyond the last; `no_decoder`.
    """
    streams = [s for s in getattr(container.streams, kind) if not _is_attached(s)]
    if choice is not None and choice >= len(streams):
        raise MediaError(
            _MISSING[kind], f"{file}: no {kind} stream {choice} ({len(streams)} in the file)", hint="0 is the first"
        )
    readable = [s for s in (streams if choice is None else [streams[choice]]) if is_readable(s)]
    if readable:
        return next((s for s in readable if s.disposition & av.stream.Disposition.default), readable[0])
    if any(s.codec_context is None for s in streams):
        raise MediaError(
            SkipCode.NO_DECODER,
            f"{file}: no decoder for the codec of its {kind} stream",
            hint="encode the stream as a common codec, such as AAC, FLAC or H.264",
        )
    raise MediaError(_MISSING[kind], f"{file}: no {kind} track")


def readable_streams(container: Any, kind: Kind) -> list[Any]:
    """Return the streams of a kind that have a decoder and are no cover art, in the order of the file."""
    return [s for s in getattr(container.streams, kind) if not _is_attached(s) and is_readable(s)]


def undecodable_streams(container: Any) -> tuple[str, ...]:
    """Return the kinds of the streams that have no decoder, in the order of the file."""
    streams = (*container.streams.audio, *container.streams.video)
    return tuple(s.type for s in streams if s.codec_context is None and not _is_attached(s))


def is_readable(stream: Any) -> bool:
    """Return whether a stream has a decoder, and a rate or a size."""
    context = stream.codec_context
    if context is None:
        return False
    if stream.type == "audio":
        return bool(context.sample_rate and context.channels)
    return bool(context.width and context.height)


def _is_attached(stream: Any) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)
