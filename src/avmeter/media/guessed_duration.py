"""Formats without a duration in their header: what a demuxer says of it is a guess."""

from __future__ import annotations

from avmeter.media.container import File, read_part

# Raw streams and transport or program streams: from the bit rate at the beginning, or from the last time stamps.
_WITHOUT_DURATION = frozenset(
    "aac ac3 amr amrnb amrwb dts dv eac3 h264 hevc m4v mpeg mpegts mpegvideo obu".split()  # noqa: SIM905
)
_ID3_HEADER = 10
# A first frame of MP3 has at most 1441 bytes; the tag with the number of frames lies within.
_FIRST_FRAME = 4096


def has_guessed_duration(container: str, file: File) -> bool:
    """Return whether the demuxer of a format guesses durations.

    Args:
        container: Name of the demuxer.
        file: Read for MP3 only, whose first frame may hold the number of frames.
    """
    if container == "mp3":
        return not any(tag in _after_id3(file) for tag in (b"Xing", b"Info", b"VBRI"))
    return container in _WITHOUT_DURATION


def _after_id3(file: File) -> bytes:
    """Return the first bytes behind a tag of ID3."""
    head = read_part(file, 0, _ID3_HEADER)
    if head[:3] != b"ID3" or len(head) < _ID3_HEADER:
        return read_part(file, 0, _FIRST_FRAME)
    size = 0
    for byte in head[6:10]:  # seven bits each
        size = size << 7 | byte & 0x7F
    return read_part(file, _ID3_HEADER + size, _FIRST_FRAME)
