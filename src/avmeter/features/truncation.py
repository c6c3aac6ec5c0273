"""Files whose header reports more sound than can be decoded: scored as far as they go, with a note."""

from __future__ import annotations

from collections.abc import Mapping

from avmeter.media import MediaItem

HEADER_MISMATCH = "header_mismatch"
"""Name of the fact, and of the entry in a result's details."""


def duration_mismatch(media: MediaItem) -> Mapping[str, str]:
    """Return a fact that names both durations; nothing where header and content agree."""
    facts = media.audio_facts
    if not facts.header_duration_mismatch:
        return {}
    note = f"the header promises {facts.header_duration_s:.2f} s of sound, {facts.duration_s:.2f} s could be decoded"
    return {HEADER_MISMATCH: note}
