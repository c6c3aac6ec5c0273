"""Everything that avmeter sees in a file, as one JSON-like value."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from avmeter.media.item import MediaItem
from avmeter.media.probe import probe


def describe_file(path: Path, *, decode: bool = False) -> dict[str, Any]:
    """Describe the streams, times, rates and rotation of a media file.

    Args:
        path: The file.
        decode: Decode it too: `sound` has real lengths, peaks and flags, `picture` the frames and their times.

    Raises:
        SkipError: It cannot be read.
    """
    description: dict[str, Any] = {"file": str(path), **asdict(probe(path))}
    if not decode:
        return description
    with MediaItem.open(path) as item:
        if item.has_audio:
            description["sound"] = asdict(item.audio_facts)
        if item.has_video:
            times = item.frame_times
            description["picture"] = {
                "num_frames": len(times),
                "first_s": float(times[0]) if len(times) else None,
                "last_s": float(times[-1]) if len(times) else None,
            }
    return description
