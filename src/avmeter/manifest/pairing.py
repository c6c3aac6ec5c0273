"""Which reference belongs to which generated clip: by relative path without extension, or in order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal, cast, get_args

from avmeter.errors import UnknownNameError
from avmeter.manifest.draft import PairingDraft
from avmeter.manifest.folders import MediaFile, holds_one_set_per_folder
from avmeter.manifest.name_map import NameMap, name_mapping
from avmeter.manifest.places import Place
from avmeter.media.extensions import without_extension

Pairing = Literal["auto", "path", "order"]


def parse_pairing(name: str) -> Pairing:
    """Return the way of pairing of this name.

    Raises:
        UnknownNameError: It does not exist.
    """
    for known in get_args(Pairing):
        if name == known:
            return cast(Pairing, known)
    raise UnknownNameError.among("pairing", name, get_args(Pairing))


@dataclass(kw_only=True)
class Pairs:
    """Partner of each generated clip (or None), and the references left over."""

    partners: list[MediaFile | None]
    leftover: list[MediaFile]


def pair_by_name(
    generated: Sequence[MediaFile],
    reference: Sequence[MediaFile],
    report: PairingDraft,
    *,
    name_map: NameMap | None = None,
) -> Pairs:
    """Find partners by relative path without extension.

    One reference may serve several generated clips. Of several references of the same name the one with the
    extension of the generated file is taken; without such a one none is, and the report says so.
    """
    rename = name_mapping(name_map)
    by_key: dict[str, list[MediaFile]] = defaultdict(list)
    for file in reference:
        by_key[file.key].append(file)
    partners: list[MediaFile | None] = []
    reached: set[str] = set()
    taken: set[Place] = set()
    for clip in generated:
        wanted = without_extension(rename(clip.key))
        candidates = by_key.get(wanted, [])
        same = [c for c in candidates if c.extension == clip.extension]
        chosen = candidates[0] if len(candidates) == 1 else (same[0] if len(same) == 1 else None)
        partners.append(chosen)
        reached.add(wanted)
        if chosen is not None:
            taken.add(chosen.path)
        elif candidates:
            report.ambiguous.append(f"{clip.name} ({', '.join(c.name for c in candidates)})")
    contested = {f"{c.name}" for group in by_key.values() if len(group) > 1 for c in group}
    report.unused += [f.name for f in reference if f.key in reached and f.path not in taken and f.name in contested]
    return Pairs(partners=partners, leftover=[f for f in reference if f.key not in reached])


def pair_in_order(generated: Sequence[MediaFile], reference: Sequence[MediaFile]) -> Pairs:
    """Pair the first clip with the first reference, and so on."""
    partners: list[MediaFile | None] = [*reference[: len(generated)]]
    partners += [None] * (len(generated) - len(partners))
    return Pairs(partners=partners, leftover=list(reference[len(generated) :]))


def duplicate_names(files: Sequence[MediaFile]) -> list[str]:
    """Return groups of files whose names differ by extension only, as "a.wav = a.flac"."""
    groups: dict[str, list[str]] = defaultdict(list)
    for file in files:
        groups[file.key].append(file.name)
    return [" = ".join(names) for names in groups.values() if len(set(names)) > 1]


def with_names_that_fit(
    files: Sequence[MediaFile], others: Sequence[MediaFile], *, may_share: bool = False
) -> list[MediaFile]:
    """Return files of a list under their bare file names, if these are names of the others and the longer ones are not.

    Files of a list are named below the folder they share, which need not be the one that the other side has. Bare names
    occur once; with `may_share` once in each of several folders that hold the same names, as those of several models.
    """
    keys = {other.key for other in others}
    bare = [replace(file, name=PurePosixPath(file.name).name) for file in files]
    is_repeated = max(Counter(f.key for f in bare).values(), default=0) > 1
    if is_repeated and may_share and holds_one_set_per_folder(f.name for f in files):
        is_repeated = False
    if is_repeated or any(file.key in keys for file in files):
        return list(files)
    return bare if any(file.key in keys for file in bare) else list(files)
