"""Which clips are decoded side by side, so that each is decoded once for all that read it, alone or beside others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from avmeter.engine.decode.messages import Source, SourceGroup
from avmeter.engine.plan import ABSENT, Plan
from avmeter.features.base import Extractor
from avmeter.sample import MediaSource

Names = tuple[str, ...]
"""Of the sources of a request, in the order of the need's fields."""


@dataclass
class _Group:
    """Clips by name, and the jobs over them with the names that each reads."""

    clips: Names
    jobs: dict[int, Extractor] = field(default_factory=dict)
    reads: dict[int, tuple[int | None, ...]] = field(default_factory=dict)

    def add(self, names: Names, jobs: Mapping[int, Extractor]) -> None:
        """Add the jobs over these sources; of a clip compared with itself each name is the next of its positions."""
        positions: list[int | None] = []
        for name in names:
            after = max((p for p in positions if p is not None and self.clips[p] == name), default=-1) + 1
            positions.append(None if name == ABSENT else self.clips.index(name, after))
        self.jobs.update(jobs)
        self.reads.update(dict.fromkeys(jobs, tuple(positions)))


def decoded_together(
    by_source: Mapping[Names, Mapping[int, Extractor]], plan: Plan
) -> list[tuple[Source, Mapping[int, Extractor]]]:
    """Return what is decoded at a time, with all jobs over it, in the order of the first of these.

    A job goes with the first larger group of clips that has all of its own. A reference of many clips is decoded beside
    each of them, and what reads it alone goes with the first. Frames in memory stay by themselves: there is nothing to
    decode, and what they lack, a rate, they would get from their neighbours.
    """
    alone: list[tuple[Names, Mapping[int, Extractor]]] = []
    groups: list[_Group] = []
    with_clip: dict[str, list[_Group]] = {}
    for names, jobs in sorted(by_source.items(), key=lambda entry: -len(_present(entry[0]))):
        own = _present(names)
        joined = next((g for g in with_clip.get(own[0], ()) if set(own) <= set(g.clips)), None)
        if joined is not None and len(set(own)) == len(own) and all(_is_decoded(plan, name) for name in own):
            joined.add(names, jobs)
        elif len(names) == 1:
            alone.append((names, jobs))
        else:
            group = _Group(own)
            group.add(names, jobs)
            groups.append(group)
            for name in set(own):
                with_clip.setdefault(name, []).append(group)
    found: list[tuple[Source, Mapping[int, Extractor]]] = [(plan.sources[names[0]], jobs) for names, jobs in alone]
    for group in groups:
        clips = tuple(_clip(plan, name) for name in group.clips)
        found.append((SourceGroup(clips=clips, reads=group.reads), group.jobs))
    return sorted(found, key=lambda entry: min(entry[1]))


def _present(names: Names) -> Names:
    return tuple(name for name in names if name != ABSENT)


def _clip(plan: Plan, name: str) -> MediaSource:
    source = plan.sources[name]
    assert isinstance(source, MediaSource)
    return source


def _is_decoded(plan: Plan, name: str) -> bool:
    source = plan.sources[name]
    return isinstance(source, MediaSource) and source.frames is None
