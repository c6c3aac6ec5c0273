"""References attached to the samples that they belong to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from avmeter.errors import ManifestError
from avmeter.manifest.crossed import crossed_partners
from avmeter.manifest.draft import PairingDraft
from avmeter.manifest.folders import MediaFile
from avmeter.manifest.loose_pairing import pair_loosely
from avmeter.manifest.name_map import NameMap
from avmeter.manifest.names import name_of
from avmeter.manifest.pairing import Pairing, Pairs, pair_by_name, pair_in_order, with_names_that_fit
from avmeter.manifest.sides import Side

REFERENCE_PREFIX = "reference:"
"""Begins the ids of references that belong to no clip."""

Pairer = Callable[[Sequence[MediaFile], Sequence[MediaFile], bool], Pairs]
"""Partners of generated files among others; the truth value says whether either side is a folder."""


def make_pairer(pairing: Pairing, name_map: NameMap | None, report: PairingDraft) -> Pairer:
    """Return the function that pairs two sides as the user asked.

    "auto" goes by name if either side is a folder, which has no order, or if two lists of different lengths have every
    generated name among the references. Two other lists go in order; names that cross are reported.
    """

    def pair(generated: Sequence[MediaFile], other: Sequence[MediaFile], any_folder: bool) -> Pairs:
        if pairing == "order":
            return pair_in_order(generated, other)
        by_name = pairing == "path" or any_folder or name_map is not None
        if by_name or (len(generated) != len(other) and {f.key for f in generated} <= {f.key for f in other}):
            named = list(generated) if name_map is not None else with_names_that_fit(generated, other, may_share=True)
            others = list(other) if name_map is not None else with_names_that_fit(other, named)
            if named != list(generated) or others != list(other):
                report.notes.append("references found by file name alone, since no folders agree")
            found = pair_by_name(named, others, report, name_map=name_map)
            return found if name_map is not None else pair_loosely(named, found, report)
        found = pair_in_order(generated, other)
        report.crossed += crossed_partners(generated, found.partners)
        return found

    return pair


def attach_references(
    samples: list[dict[str, Any]],
    clips: Sequence[MediaFile],
    sides: Sequence[Side],
    pair: Pairer,
    *,
    report: PairingDraft,
    from_folder: bool,
) -> list[dict[str, Any]]:
    """Add references to samples in place, and return the samples followed by the references left over.

    Args:
        samples: One per clip; own references stay.
        clips: The file that each sample is paired by.
        sides: References, and which field they are meant for by the side's name.
        pair: As `make_pairer` returns.
        report: Extended in place.
        from_folder: True if the clips come from a folder.
    """
    context: list[dict[str, Any]] = []
    paired: set[int] = set()
    scored = [i for i, s in enumerate(samples) if s.get("role") != "reference"]
    for side in sides:
        report.num_reference += len(side.files)
        report.ignored += side.ignored
        found = pair([clips[i] for i in scored], side.files, from_folder or side.is_folder)
        for index, partner in zip(scored, found.partners, strict=True):
            if partner is not None:
                as_sound = side.name == "reference_audio" or partner.is_sound
                samples[index].setdefault("reference_audio" if as_sound else "reference", partner.text)
            if has_reference(samples[index]):
                paired.add(index)
        context += [_context(file, side) for file in found.leftover]
        report.unmatched += [file.name for file in found.leftover]
    if sides:
        ambiguous = {a.split(" (")[0] for a in report.ambiguous}
        report.num_paired = len(paired)
        report.missing = [clips[i].name for i in scored if i not in paired and clips[i].name not in ambiguous]
    return [*samples, *context]


def has_reference(sample: dict[str, Any]) -> bool:
    """True if a sample has a reference of sound or picture."""
    return "reference" in sample or "reference_audio" in sample


def _context(file: MediaFile, side: Side) -> dict[str, Any]:
    as_sound = side.name == "reference_audio" or file.is_sound
    sample = {"audio" if as_sound else "video": file.text, "role": "reference"}
    if side.is_folder:
        sample["id"] = REFERENCE_PREFIX + file.name
    return sample


def keep_paired(samples: Sequence[dict[str, Any]], report: PairingDraft) -> list[dict[str, Any]]:
    """Return the samples that have a clip and a reference; the others are named in the report as left out.

    Raises:
        ManifestError: There is none.
    """
    paired = [s for s in samples if s.get("role") != "reference" and has_reference(s)]
    if not paired:
        raise ManifestError(
            "paired: no clip has a reference", hint="give references whose names are those of the clips"
        )
    left = [name_of(s, i) for i, s in enumerate(samples) if s.get("role") == "reference" or not has_reference(s)]
    report.left_out = [name.removeprefix(REFERENCE_PREFIX) for name in left]
    report.missing, report.unmatched, report.ambiguous = [], [], []
    report.num_generated = len(paired)
    return paired
