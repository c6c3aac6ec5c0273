"""Which decoder reads files here: a part of the keys of stored features."""

from __future__ import annotations

from functools import cache

import av

# Raised whenever this package reads the same bytes differently: other samples, frames or times.
READING_VERSION = 2


@cache
def decoder_version() -> str:
    """Return what decoded samples, frames and times depend on besides the file: PyAV, libav, and how they are used."""
    parts = [f"av{av.__version__}"]
    for name in ("libavformat", "libavcodec", "libswscale"):
        parts.append(f"{name.removeprefix('lib')}{'.'.join(map(str, av.library_versions[name]))}")
    return "-".join([*parts, f"r{READING_VERSION}"])
