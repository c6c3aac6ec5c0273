"""Samples from what is named on a command line: clips, folders of clips and manifests, in any mixture."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from avmeter.errors import ManifestError
from avmeter.files import Url, as_location, is_folder, is_there, without_credentials
from avmeter.manifest.aliases import CLIP
from avmeter.manifest.arguments import require_pairing
from avmeter.manifest.columns import require_columns
from avmeter.manifest.crossed import crossed_ids, crossed_texts
from avmeter.manifest.draft import PairingDraft
from avmeter.manifest.folders import MediaFile
from avmeter.manifest.name_map import NameMap
from avmeter.manifest.names import ClipNames, path_of
from avmeter.manifest.pairing import Pairing, duplicate_names
from avmeter.manifest.places import SHARD_EXTENSIONS, Place, expand_places, is_folder_at
from avmeter.manifest.prompt_table import Prompts, read_prompts
from avmeter.manifest.prompts import apply_prompts
from avmeter.manifest.references import attach_references, keep_paired, make_pairer
from avmeter.manifest.sample_list import SampleList, checked
from avmeter.manifest.sides import local_paths, named_files, resolve_side
from avmeter.manifest.tables import MANIFEST_EXTENSIONS, Manifest, load_manifest
from avmeter.manifest.tar_shards import load_tar_shards
from avmeter.sample import DEFAULT_ACCESS, RemoteAccess, StoredFile


def samples_from_inputs(
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    reference: str | os.PathLike[str] | None = None,
    prompts: str | os.PathLike[str] | Prompts | None = None,
    columns: Mapping[str, str] | None = None,
    pairing: Pairing = "auto",
    paired: bool = False,
    name_map: NameMap | None = None,
    strict: bool = False,
    remote: RemoteAccess | Mapping[str, Any] | None = None,
) -> SampleList:
    """Build samples from clips, folders of clips, manifests and tar shards.

    A sound file becomes `audio`, any other file `video`, whose sound track counts as its audio.

    Args:
        inputs: One path or URL, or several; `{000..003}` in them counts.
        reference: The real clip for a single clip, or a folder paired by relative path without extension.
        prompts: Table of texts; see `read_prompts`.
        columns: Key of a sample -> column of a manifest or of the prompts, for names that are not understood.
        pairing: "order" pairs first with first and takes prompts row by row, folders in natural order.
        paired: Leave out clips without a reference and references without a clip, by name.
        name_map: As for `samples_from`.
        strict: Raise where anything is doubtful, instead of one warning.
        remote: How URLs of folders, tables and shards may be fetched, as for `Evaluator`.

    Raises:
        ManifestError: No input, one file by two inputs, an input that does not exist, a bad table, or `strict` and
            something is doubtful.
    """
    access = RemoteAccess.parse(remote)
    paths = expand_places(inputs, access)
    if not paths:
        raise ManifestError("no clips were given", hint="name files, folders or one manifest")
    require_pairing(pairing, name_map)
    _refuse_table_of_references(reference)
    table = (
        prompts if isinstance(prompts, Prompts) or prompts is None else read_prompts(prompts, columns, remote=access)
    )
    found = _Inputs(access=access)
    outside = local_paths(reference)
    folders = [p for p in paths if is_folder_at(p, access)]
    shards = [p for p in paths if p not in folders and p.suffix.lower() in SHARD_EXTENSIONS]
    repeated = next((p for p in shards if shards.count(p) > 1), None) if len(set(shards)) < len(shards) else None
    if repeated is not None:
        raise ManifestError(f"{repeated} was given twice", hint="name every shard once")
    single = {f.path: f for f in _single_files(paths, {*folders, *shards})}
    for path in paths:
        if path in single:
            found.add_file(single[path])
        elif path in folders:
            found.add_folder(path, outside, prefix=f"{path.name}/" if len(folders) > 1 else "")
        elif path not in shards:
            found.add_manifest(load_manifest(path, columns, access))
        elif path == shards[0]:
            found.add_manifest(load_tar_shards(shards, columns, access))
    require_columns([*(m.table for m in found.manifests), *([table.table] if table else [])], columns or {})
    samples, report = found.finished()
    if table is not None:
        apply_prompts(samples, table, report, pairing=pairing, names=[c.name for c in found.clips])
    if reference is not None:
        inside = [p for p in folders if isinstance(p, Path)]
        side = resolve_side(reference, "reference", leave_out=inside, access=access)
        one_each = len(found.clips) == 1 and not folders and not side.is_folder
        pair = make_pairer("order" if one_each or pairing == "order" else "path", name_map, report)
        samples = attach_references(samples, found.clips, [side], pair, report=report, from_folder=bool(folders))
    if paired:
        samples = keep_paired(samples, report)
    return checked(samples, report, strict=strict, stacklevel=3)


def _refuse_table_of_references(reference: str | os.PathLike[str] | None) -> None:
    place = as_location(reference) if reference is not None else None
    if place is None or (isinstance(place, Path) and is_folder(place)):
        return
    if place.suffix.lower() in MANIFEST_EXTENSIONS:
        raise ManifestError(
            f"reference: {place} is a table, not a clip or a folder",
            hint="put the references into a column `reference` of the manifest or of the table of prompts",
        )


def _single_files(paths: Sequence[Place], others: Collection[Place]) -> list[MediaFile]:
    files = [p for p in paths if p not in others and p.suffix.lower() not in MANIFEST_EXTENSIONS]
    return named_files(files) if files else []


@dataclass(kw_only=True)
class _Inputs:
    """Samples gathered from one input after the other, and the file that each is paired by."""

    samples: list[dict[str, Any]] = field(default_factory=list)
    clips: list[MediaFile] = field(default_factory=list)
    manifests: list[Manifest] = field(default_factory=list)
    report: PairingDraft = field(default_factory=PairingDraft)
    access: RemoteAccess = DEFAULT_ACCESS
    _seen: dict[str, Place] = field(default_factory=dict)

    def add_file(self, file: MediaFile) -> None:
        """Add a clip named by hand, which must exist."""
        if isinstance(file.path, Path) and not is_there(file.path):
            raise ManifestError(f"{file.path} is neither a file nor a folder", hint="check the path")
        self._refuse_twice([file], file.path)
        self.samples.append(_sample_of(file))
        self.clips.append(file)

    def add_folder(self, folder: Place, outside: Sequence[Path], *, prefix: str) -> None:
        """Add the clips of a folder, whose ids begin with `prefix`."""
        spec = folder.text if isinstance(folder, Url) else folder
        side = resolve_side(spec, "input", leave_out=outside, access=self.access)
        self._refuse_twice(side.files, folder)
        self.report.ignored += side.ignored
        self.report.duplicates += duplicate_names(side.files)
        self.report.folders.append([file.name for file in side.files])
        self.samples += [{**_sample_of(file), "id": prefix + file.name} for file in side.files]
        self.clips += side.files

    def add_manifest(self, manifest: Manifest) -> None:
        """Add the rows of a table."""
        self.manifests.append(manifest)
        self.samples += manifest.samples
        self.clips += [_clip_of(row, manifest.table.path.parent) for row in manifest.samples]
        self.report.doubts += manifest.doubts
        self.report.notes += _notes(manifest)
        self.report.columns_not_used += manifest.columns.unused
        names = [path_of(s) or "" for s in manifest.samples]
        self.report.crossed += crossed_ids(manifest.samples)
        self.report.crossed += crossed_texts(names, [s.get("text_prompt") for s in manifest.samples])

    def finished(self) -> tuple[list[dict[str, Any]], PairingDraft]:
        """Return the samples, their ids made unique, and the report.

        Raises:
            ManifestError: A table has no file of its own and names clips of another input.
        """
        for manifest in self.manifests:
            self._refuse_captions(manifest)
        _make_ids_unique(self.samples)
        self.report.num_generated = sum(s.get("role") != "reference" for s in self.samples)
        return self.samples, self.report

    def _refuse_captions(self, manifest: Manifest) -> None:
        if any(isinstance(value, StoredFile) for sample in manifest.samples for value in sample.values()):
            return  # it has its clips in it, or is a shard
        own = {id(sample) for sample in manifest.samples}
        others = [i for i, sample in enumerate(self.samples) if id(sample) not in own]
        if not others:
            return
        paths = [as_location(p) for s in manifest.samples if (p := path_of(s)) is not None]
        if any(isinstance(path, Url) or is_there(path) for path in paths):
            return
        clips = ClipNames([self.samples[i] for i in others], [self.clips[i].name for i in others])
        known = next((path.name for path in paths if clips.find(path.name) is not None), None)
        if known is not None:
            raise ManifestError(
                f"{manifest.table.path}: no file of it exists, and {known} is a clip of another input",
                hint=f"if it has the texts of these clips: `--prompts {manifest.table.path}`",
            )

    def _refuse_twice(self, files: Sequence[MediaFile], origin: Place) -> None:
        """Refuse clips of an earlier input; two names within one folder may be links to one file, as in a store."""
        own: dict[str, Place] = {}
        for file in files:
            place = file.path.identity if isinstance(file.path, Url) else os.path.realpath(file.path)
            if place in self._seen:
                raise ManifestError(
                    f"{file.path} was given twice, by {self._seen[place]} and by {origin}", hint="name every clip once"
                )
            own[place] = origin
        self._seen |= own


def _notes(manifest: Manifest) -> list[str]:
    """Return how a manifest's columns were read, where names differ from the keys or values are absent."""
    name, num_rows = manifest.table.path.name, len(manifest.table.rows)
    parts = []
    for column, key in manifest.columns.keys.items():
        count = len(manifest.table.values(column))
        means = "audio or video" if key == CLIP else key
        absent = f" ({count} of {num_rows})" if count < num_rows else ""
        if column != key or absent:
            parts.append(f"{means} by column {column}{absent}")
    return ([f"{name}: {', '.join(parts)}"] if parts else []) + [f"{name}: {n}" for n in manifest.notes]


def _clip_of(row: Mapping[str, Any], folder: Place) -> MediaFile:
    """Return the file by which a row of a manifest is paired."""
    value = next((row[k] for k in ("video", "audio") if k in row), str(row.get("id", "")))
    if isinstance(value, StoredFile):
        return MediaFile(path=Path(f"{row['id']}{value.suffix}"), name=f"{row['id']}{value.suffix}")
    path = as_location(str(value))
    if isinstance(path, Url):
        below = path.relative_to(folder) if isinstance(folder, Url) else None
        return MediaFile(path=path, name=below or path.name)
    if isinstance(folder, Path) and path.anchor == folder.anchor:
        parts, above = path.parts, folder.parts
        if parts[: len(above)] == above:
            return MediaFile(path=path, name="/".join(parts[len(above) :]))
    return MediaFile(path=path, name=path.name)


def _sample_of(file: MediaFile) -> dict[str, Any]:
    return {"audio" if file.is_sound else "video": file.text}


def _make_ids_unique(samples: Sequence[dict[str, Any]]) -> None:
    """Replace ids of clips from several folders that coincide by the clips' paths."""
    counts = Counter(s.get("id") for s in samples)
    for sample in samples:
        if "id" in sample and counts[sample["id"]] > 1:
            path = sample.get("audio") or sample.get("video")
            if isinstance(path, StoredFile):
                sample["id"] = f"{PurePosixPath(path.place.name).stem}/{sample['id']}"
            elif isinstance(path, str):
                sample["id"] = without_credentials(path)
