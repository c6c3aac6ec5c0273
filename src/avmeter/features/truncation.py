"""What of a clip a network did not read: files that hold less than their header reports, and sound beyond a crop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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


UNREAD, EMBEDDING_UNREAD = "unread_seconds", "embedding_unread_seconds"
"""Names of facts: seconds of the clip's sound on which no feature stands, and on which the embedding does not."""

PARTLY_READ = frozenset({UNREAD, EMBEDDING_UNREAD, HEADER_MISMATCH})
"""Names of the facts of which `input_details` makes something."""

_LEAST_UNREAD_S = 0.05  # less is the rest of a resampler or of a frame


def unread(media: MediaItem, read_s: float, *, name: str = UNREAD) -> Mapping[str, float]:
    """Return a fact with the seconds of sound beyond what was read; nothing where all of it was.

    Args:
        media: The clip.
        read_s: How much of it was read, seconds.
        name: Of the fact.
    """
    rest = media.audio_facts.duration_s - read_s
    return {name: round(rest, 2)} if rest > _LEAST_UNREAD_S else {}


def input_details(facts: Mapping[str, Any], *, reads_classes: bool) -> dict[str, Any]:
    """Return the entries of a result's details that say what of a clip did not get into its features.

    Args:
        facts: Of the features.
        reads_classes: The metric reads class logits, not the embedding.
    """
    seconds = facts.get(UNREAD) if reads_classes else facts.get(EMBEDDING_UNREAD, facts.get(UNREAD))
    details = {"partly_read": f"{seconds:.2f} s of sound were not read"} if seconds is not None else {}
    return details | ({HEADER_MISMATCH: facts[HEADER_MISMATCH]} if HEADER_MISMATCH in facts else {})
