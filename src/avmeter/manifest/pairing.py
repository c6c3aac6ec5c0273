"""Which reference belongs to which generated clip, and everything that is doubtful about it, by name."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from avmeter.errors import ManifestError
from avmeter.manifest.folders import MediaFile
from avmeter.media.extensions import without_extension

NameMap = Callable[[str], str] | str | Path | tuple[str, str]
"""A function, a CSV file (columns `generated`, `reference`), or a regular expression and its replacement."""

_SHOWN = 8


class ManifestWarning(UserWarning):
    """Something about what was given is doubtful; the run goes on."""


class PairingWarning(ManifestWarning):
    """Pairing left something over. `report` has the names."""

    def __init__(self, report: PairingReport) -> None:
        super().__init__(str(report))
        self.report = report


@dataclass(kw_only=True)
class PairingReport:
    """How generated clips found their references.

    Attributes:
        num_generated: Generated clips.
        num_reference: Reference files, of sound and picture together.
        num_paired: Generated clips with at least one reference.
        missing: Generated clips without a reference, though references were given.
        unmatched: References that belong to no generated clip; they become corpus context.
        ambiguous: Generated clips with several references of the same name, none of which has its extension.
        unused: References passed over for another one of the same name.
        duplicates: Groups of generated clips that differ by extension only, each of which is a clip of its own.
        ignored: What else lies in the folders.
        without_prompt: Clips that the table of prompts does not name.
        unknown_prompts: Names in the table of prompts that fit no clip, or more than one.
    """

    num_generated: int = 0
    num_reference: int = 0
    num_paired: int = 0
    missing: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    without_prompt: list[str] = field(default_factory=list)
    unknown_prompts: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """One sentence per kind of problem, with names; empty if all is well."""
        kinds = (
            (self.missing, "without a reference"),
            (self.ambiguous, "with several references of that name, none of which was taken"),
            (self.unused, "passed over for another reference of that name"),
            (self.unmatched, "a reference without a generated clip (kept as context of corpus metrics)"),
            (self.duplicates, "the same name with different extensions (each is scored as a clip of its own)"),
            (self.without_prompt, "not named in the table of prompts"),
            (self.unknown_prompts, "in the table of prompts, but not the name of exactly one clip"),
        )
        return [f"{len(names)} {text}: {_listed(names)}" for names, text in kinds if names]

    def __str__(self) -> str:
        head = f"{self.num_generated} generated clips"
        if self.num_reference or self.missing:
            head += f" and {self.num_reference} references, {self.num_paired} paired"
        return "\n  ".join([head, *self.problems])


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


@dataclass(kw_only=True)
class Pairs:
    """Partner of each generated clip (or None), and the references left over."""

    partners: list[MediaFile | None]
    leftover: list[MediaFile]


def pair_by_name(
    generated: Sequence[MediaFile],
    reference: Sequence[MediaFile],
    report: PairingReport,
    *,
    name_map: NameMap | None = None,
) -> Pairs:
    """Partners by relative path without extension.

    One reference may serve several generated clips. Of several references of the same name the one with the
    extension of the generated file is taken; without such a one none is, and the report says so.
    """
    rename = name_mapping(name_map)
    by_key: dict[str, list[MediaFile]] = defaultdict(list)
    for file in reference:
        by_key[file.key].append(file)
    partners: list[MediaFile | None] = []
    reached: set[str] = set()
    taken: set[Path] = set()
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
    """The first reference for the first clip, and so on."""
    partners: list[MediaFile | None] = [*reference[: len(generated)]]
    partners += [None] * (len(generated) - len(partners))
    return Pairs(partners=partners, leftover=list(reference[len(generated) :]))


def duplicate_names(files: Sequence[MediaFile]) -> list[str]:
    """Groups of files whose names differ by extension only, as "a.wav = a.flac"."""
    groups: dict[str, list[str]] = defaultdict(list)
    for file in files:
        groups[file.key].append(file.name)
    return [" = ".join(names) for names in groups.values() if len(set(names)) > 1]


def name_mapping(spec: NameMap | None) -> Callable[[str], str]:
    """A function from the key of a generated clip to the key of its reference.

    Raises:
        ManifestError: The CSV lacks its columns, or the expression does not compile.
    """
    if spec is None:
        return lambda key: key
    if isinstance(spec, tuple):
        pattern, replacement = spec
        try:
            compiled = re.compile(pattern)
            re.sub(compiled, replacement, "")
        except re.error as error:
            raise ManifestError(f"name map {pattern!r} -> {replacement!r}: {error}") from error
        return lambda key: compiled.sub(replacement, key)
    if isinstance(spec, str | Path):
        table = _name_table(Path(spec))
        return lambda key: table.get(key, key)
    return spec


def _name_table(path: Path) -> dict[str, str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if not {"generated", "reference"} <= set(reader.fieldnames or ()):
                raise ManifestError(
                    f"{path}: columns are {', '.join(reader.fieldnames or ()) or 'none'}",
                    hint="a name map has the columns `generated` and `reference`",
                )
            return {without_extension(row["generated"]): row["reference"] for row in reader if row["generated"]}
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: cannot be read ({error})") from error
