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


@dataclass(frozen=True)
class SourceGroup:
    """Clips that are decoded side by side: a generated one and its reference, and what may come with them.

    Attributes:
        clips: In the order of the need's fields; None where the sample has no clip of an optional one.
    """

    clips: tuple[MediaSource | None, ...]

    def __str__(self) -> str:
        return " against ".join(map(str, self.present))

    @property
    def present(self) -> list[MediaSource]:
        """The clips that there are."""
        return [clip for clip in self.clips if clip is not None]

    @property
    def is_repeatable(self) -> bool:
        """All may come again in a later run."""
        return all(clip.is_repeatable for clip in self.present)

    @property
    def is_elsewhere(self) -> bool:
        """The content of none is in memory."""
        return all(clip.is_elsewhere for clip in self.present)


Source = MediaSource | SourceGroup | str
"""What one decoding job reads: a clip, several of them, or a text."""


@dataclass(frozen=True, kw_only=True)
class DecodeTask:
    """One source, the recipes of the extractors that read it, by job number, and what it may unfold to."""

    source: MediaSource | SourceGroup
    recipes: dict[int, Recipe]
    limits: MediaLimits = DEFAULT_LIMITS
