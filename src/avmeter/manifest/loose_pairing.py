"""References whose names differ from those of the clips by habit: `7` and `0007`, `A` and `a`, `x_gen` and `x_gt`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from avmeter.manifest.draft import PairingDraft
from avmeter.manifest.folders import MediaFile
from avmeter.manifest.pairing import Pairs
from avmeter.manifest.report import listed

_LEADING_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
_ENDING = re.compile(
    r"(?<=[^/])[ _.-](?:ref|reference|gt|ground[_-]?truth|real|orig|original|target|gen|generated|pred|predicted|fake|"
    r"synth|synthesi[sz]ed|out|output)$"
)


def pair_loosely(generated: Sequence[MediaFile], found: Pairs, report: PairingDraft) -> Pairs:
    """Return pairs with partners for clips that had none; what was done is a note of the report.

    Spellings are tried one after the other. One counts if names are unique under it, and if it leaves no clip or no
    reference over: where `0 1 2` meets `0001 0002 0003`, numbers that happen to be equal do not belong together.
    """
    for spell in (_without_zeros, _without_ending):
        open_clips = [i for i, partner in enumerate(found.partners) if partner is None]
        clips = _unique({i: spell(generated[i].key) for i in open_clips})
        others = _unique({i: spell(file.key) for i, file in enumerate(found.leftover)})
        pairs = {clips[name]: found.leftover[others[name]] for name in clips.keys() & others.keys()}
        if not pairs or len(pairs) < min(len(open_clips), len(found.leftover)):
            continue
        equal = [f"{generated[i].name} = {pairs[i].name}" for i in sorted(pairs)]
        report.notes.append(f"references whose names are spelt otherwise: {listed(equal)}")
        taken = {file.path for file in pairs.values()}
        return Pairs(
            partners=[pairs.get(i, partner) for i, partner in enumerate(found.partners)],
            leftover=[file for file in found.leftover if file.path not in taken],
        )
    return found


def _unique(names: dict[int, str]) -> dict[str, int]:
    """Return name -> position, of names that occur once."""
    positions: dict[str, list[int]] = defaultdict(list)
    for position, name in names.items():
        positions[name].append(position)
    return {name: where[0] for name, where in positions.items() if len(where) == 1}


def _without_zeros(key: str) -> str:
    return _LEADING_ZEROS.sub("", key.casefold())


def _without_ending(key: str) -> str:
    return _without_zeros(_ENDING.sub("", key.casefold()))
