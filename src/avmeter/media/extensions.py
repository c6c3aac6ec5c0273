"""File extensions of the containers that `container` opens, and names of clips without them."""

from __future__ import annotations

import functools
import unicodedata
from pathlib import Path, PurePath

from avmeter.files import open_regular


def _dotted(names: str) -> frozenset[str]:
    return frozenset(f".{name}" for name in names.split())


VIDEO_EXTENSIONS = _dotted(
    "mp4 m4v mov qt 3gp 3g2 f4v mj2 ismv psp "  # the ISO base media family
    "mkv mk3d webm avi divx gif apng flv wmv asf ogv ogm mxf nut dv dif rm rmvb ivf obu y4m "
    "mpg mpeg m2p m1v m2v mpv vob ts m2t mts m2ts tp trp "  # MPEG program and transport streams
    "h264 264 avc h265 265 hevc"  # raw streams
)
AUDIO_EXTENSIONS = _dotted(
    "wav wave bwf rf64 w64 flac mp3 mp2 mpa m2a m4a m4b m4r isma aac adts ogg oga opus spx wma xwma aif aiff aifc "
    "au snd caf mka weba amr awb ac3 eac3 ec3 dts ape tta tak wv oma aa3 omg voc ra sox wsd"
)
MEDIA_EXTENSIONS = VIDEO_EXTENSIONS | AUDIO_EXTENSIONS

_TRANSPORT_PACKET = 188  # bytes; each begins with the sync byte
_TRANSPORT_SYNC = b"\x47"


@functools.lru_cache(maxsize=1 << 16)  # several checks of one table ask for each of its names
def without_extension(name: str) -> str:
    """Return a relative path without its media extension, in Unicode form NFC: `x/Ä.b.wav` -> `x/Ä.b`.

    What follows a dot without being a media extension belongs to the name: `take.1` stays `take.1`.
    """
    path = PurePath(name)
    bare = path.with_suffix("") if path.suffix.lower() in MEDIA_EXTENSIONS else path
    return unicodedata.normalize("NFC", bare.as_posix())


def is_source_code(path: Path) -> bool:
    """True for a `.ts` file that begins like text: TypeScript has the extension of MPEG transport streams.

    A file that cannot be read counts as media, so that its failure is reported by name.
    """
    if path.suffix.lower() != ".ts":
        return False
    try:
        with open_regular(path) as file:
            head = file.read(_TRANSPORT_PACKET + 1)
    except OSError:
        return False
    return bool(head) and _TRANSPORT_SYNC not in (head[:1], head[4:5]) and _is_text(head)


def _is_text(head: bytes) -> bool:
    """True if these bytes are UTF-8 but for a character cut off at the end, without zeros."""
    text = head.decode("utf-8", "replace").rstrip("\ufffd")
    return b"\x00" not in head and "\ufffd" not in text
