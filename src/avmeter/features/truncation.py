"""Files that promise more than they hold: scored as far as they go, and said so."""

from __future__ import annotations

from collections.abc import Mapping

from avmeter.media import MediaItem

FACT = "header_mismatch"
"""Name of the fact, and of the entry in a result's details."""


def broken_promise(media: MediaItem) -> Mapping[str, str]:
    """A fact that says how much of the promised sound could be decoded; nothing where header and content agree."""
    facts = media.audio_facts
    if not facts.header_duration_mismatch:
        return {}
    said = f"the header promises {facts.header_duration_s:.2f} s of sound, {facts.duration_s:.2f} s could be decoded"
    return {FACT: said}
