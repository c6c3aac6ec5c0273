"""What decoding threads and decoding processes are sent, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from avmeter.engine.plan import Outcome
from avmeter.features.base import Extractor, Window, get_extractor
from avmeter.media import DEFAULT_LIMITS, MediaLimits
from avmeter.sample import MediaSource


@dataclass(frozen=True)
class DecodeEvent:
    """One thing that happened to a job: a window of it, the end of its windows, or its outcome.

    Attributes:
        job: Number of the job.
        window: A window, if this is one.
        index: Number of the window; at the end of the windows, how many there were.
        facts: What the extractor says about the clip, at the end of its windows.
        outcome: Features or skip of a job that is done without any network.
    """

    job: int
    window: Window | None = None
    index: int = 0
    facts: Mapping[str, Any] | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to build an extractor again in another process, without its network."""

    name: str
    options: dict[str, Any]
    state: dict[str, Any]

    @classmethod
    def of(cls, extractor: Extractor) -> Recipe:
        """Return the recipe of a loaded extractor."""
        return cls(name=extractor.name, options=dict(extractor.options()), state=dict(extractor.decoding_state()))

    def build(self) -> Extractor:
        """Build the extractor; its windows are those of the original."""
        extractor = get_extractor(self.name, **self.options)
        vars(extractor).update(self.state)
        return extractor


Part = tuple[MediaSource | None, ...]
"""Clips that a job reads, in the order of its need's fields; None where the sample has none of an optional one."""


@dataclass(frozen=True, kw_only=True)
class SourceGroup:
    """Clips that are decoded side by side: a generated one and its reference, and what may come with them.

    Attributes:
        clips: The clips; one that is compared with itself is two.
        reads: Number of a job -> the positions of what it reads, some or all of the clips; None as in `Part`.
    """

    clips: tuple[MediaSource, ...]
    reads: Mapping[int, tuple[int | None, ...]]

    def __str__(self) -> str:
        return describe(self.clips)

    @property
    def is_elsewhere(self) -> bool:
        """The content of none is in memory."""
        return all(clip.is_elsewhere for clip in self.clips)

    def alone(self) -> dict[int, list[int]]:
        """Return the position of a clip -> the jobs that read no other one."""
        found: dict[int, list[int]] = {}
        for job, positions in self.reads.items():
            if len(positions) == 1 and positions[0] is not None:
                found.setdefault(positions[0], []).append(job)
        return found


Source = MediaSource | SourceGroup | str
"""What is decoded at a time: a clip, several of them, or a text."""


def part_of(source: MediaSource | SourceGroup, job: int) -> Part:
    """Return the clips that a job reads."""
    if isinstance(source, MediaSource):
        return (source,)
    return tuple(None if position is None else source.clips[position] for position in source.reads[job])


def describe(part: Part) -> str:
    """Return the names of clips that are compared, for messages."""
    return " against ".join(str(clip) for clip in part if clip is not None)


@dataclass(frozen=True, kw_only=True)
class DecodeTask:
    """One source, the recipes of the extractors that read it, by job number, and what it may unfold to.

    Attributes:
        has_hardware: The run decodes video that it is sent, see `hardware`.
    """

    source: MediaSource | SourceGroup
    recipes: dict[int, Recipe]
    limits: MediaLimits = DEFAULT_LIMITS
    has_hardware: bool = False
