"""Samples from keyword arguments: clips, lists of clips and folders, with references and texts attached.

The arguments are those of FastVideo's `samples_from`. What differs: folders pair by relative path without
extension instead of by position, so that one missing file cannot shift all that follow; sound tracks are read from
the videos themselves and nothing is written.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from avmeter.errors import ManifestError
from avmeter.files import as_location
from avmeter.manifest.columns import require_columns
from avmeter.manifest.crossed import crossed_partners, crossed_texts
from avmeter.manifest.draft import PairingDraft
from avmeter.manifest.folders import MediaFile
from avmeter.manifest.name_map import NameMap
from avmeter.manifest.pairing import (
    Pairing,
    duplicate_names,
    pair_by_name,
    pair_in_order,
    parse_pairing,
    with_names_that_fit,
)
from avmeter.manifest.prompt_table import Prompts, read_prompts
from avmeter.manifest.prompts import apply_prompts, by_position, require_orders
from avmeter.manifest.read_table import TABLE_EXTENSIONS
from avmeter.manifest.references import attach_references, keep_paired, make_pairer
from avmeter.manifest.rows import Row, Table
from avmeter.manifest.sample_list import SampleList, checked
from avmeter.manifest.sides import PathSpec, Side, local_paths, resolve_side
from avmeter.media.extensions import MEDIA_EXTENSIONS, VIDEO_EXTENSIONS
from avmeter.sample import RemoteAccess

TextPrompts = str | os.PathLike[str] | Sequence[str] | Mapping[str, str]


def samples_from(
    *,
    video: PathSpec | None = None,
    reference: PathSpec | None = None,
    audio: PathSpec | None = None,
    reference_audio: PathSpec | None = None,
    text_prompt: str | None = None,
    text_prompts: TextPrompts | None = None,
    fps: float | None = None,
    auxiliary_info: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    extras: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    extract_audio: bool | str | os.PathLike[str] = False,
    extract_workers: int = 4,
    prompts: str | os.PathLike[str] | Prompts | None = None,
    columns: Mapping[str, str] | None = None,
    pairing: Pairing = "auto",
    paired: bool = False,
    name_map: NameMap | None = None,
    strict: bool = False,
    remote: RemoteAccess | Mapping[str, Any] | None = None,
) -> SampleList:
    """Build samples from generated clips and, where there are any, references and texts.

    Each of `video`, `audio`, `reference` and `reference_audio` is a file, a folder (searched at any depth), or an
    iterable of paths. At least one of `video` and `audio` is needed. A folder of videos holds videos; the other
    folders may hold sound and video files, and a sound file among `reference` becomes `reference_audio`.

    Args:
        video: Generated clips with picture.
        reference: Real clips.
        audio: Generated sound; of video files the sound track.
        reference_audio: Real sound.
        text_prompt: One prompt for all samples.
        text_prompts: One prompt per sample in their order, a dict from names of clips to prompts, or a file as for
            `prompts`.
        fps: Frame rate for all samples.
        auxiliary_info: One dict for all samples, or one per sample, for `sample["auxiliary_info"]`.
        extras: One dict for all samples, or one per sample, whose keys are added to the samples.
        extract_audio: Accepted, without effect: sound is read from the videos anyway, and nothing is written.
        extract_workers: Accepted, without effect.
        prompts: Table that names clips and gives their texts; see `read_prompts`.
        columns: Key of a sample -> column of the table, for columns whose names are not understood.
        pairing: "path" (by relative path without extension), "order" (first with first, folders in natural order), or
            "auto": by path if either side is a folder, two lists in order.
        paired: Leave out clips without a reference and references without a clip, by name.
        name_map: For "path": from the relative path of a generated clip, without extension, to that of its reference.
        strict: Raise where pairing leaves something over or names cross, instead of one warning.
        remote: How URLs of folders and tables may be fetched, as for `Evaluator`.

    Returns:
        A list of dicts, and in its attribute `pairing` the `PairingReport`. Clips of folders have their relative path
        as `id`. References that belong to no clip follow at the end with `role="reference"`.

    Raises:
        ManifestError: Nothing generated was given, a path does not exist, per-sample values do not fit the number of
            clips or the folder has no single order, or `strict` and a pairing problem.
    """
    require_pairing(pairing, name_map)
    if text_prompt is not None and text_prompts is not None:
        raise ManifestError("text_prompt= and text_prompts= were both given", hint="give one of them")
    if prompts is not None and text_prompts is not None:
        raise ManifestError("prompts= and text_prompts= were both given", hint="give one of them")
    if video is None and audio is None:
        raise ManifestError("nothing generated was given", hint="give video= or audio=")
    report = PairingDraft()
    access = RemoteAccess.parse(remote)
    outside = local_paths(reference, reference_audio)
    inside = local_paths(video, audio)
    pictures = (
        resolve_side(video, "video", VIDEO_EXTENSIONS, leave_out=outside, access=access) if video is not None else None
    )
    sounds = resolve_side(audio, "audio", leave_out=outside, access=access) if audio is not None else None
    main = pictures or sounds
    assert main is not None
    samples = _generated(main, sounds if pictures else None, report)
    sides = [
        resolve_side(spec, name, MEDIA_EXTENSIONS, leave_out=inside, access=access)
        for spec, name in ((reference, "reference"), (reference_audio, "reference_audio"))
        if spec is not None
    ]
    pair = make_pairer(pairing, name_map, report)
    samples = attach_references(samples, main.files, sides, pair, report=report, from_folder=main.is_folder)
    ours = samples[: len(main.files)]
    table = _prompts(prompts, columns, access) if text_prompts is None else _text_prompts(text_prompts, columns, access)
    values = {"text_prompt": text_prompt, "fps": fps, "auxiliary_info": auxiliary_info, "extras": extras}
    if isinstance(table, list):
        values["text_prompt"] = table
    _attach_values(ours, values, report, pairing)
    if isinstance(table, Prompts):
        apply_prompts(ours, table, report, pairing=pairing)
    if paired:
        samples = keep_paired(samples, report)
    return checked(samples, report, strict=strict, stacklevel=3)


def require_pairing(pairing: str, name_map: NameMap | None) -> None:
    """Make sure that a way of pairing exists and takes the name map.

    Raises:
        UnknownNameError: It does not exist.
        ManifestError: A name map beside "order".
    """
    parse_pairing(pairing)
    if name_map is not None and pairing == "order":
        raise ManifestError("name_map= has no use for pairing='order'", hint="use pairing='path'")


def _generated(main: Side, sounds: Side | None, report: PairingDraft) -> list[dict[str, Any]]:
    """Return samples with their generated media; the main side names them."""
    report.ignored += [*main.ignored, *(sounds.ignored if sounds else ())]
    samples: list[dict[str, Any]] = [{main.name: f.text} for f in main.files]
    if main.is_folder:
        for sample, file in zip(samples, main.files, strict=True):
            sample["id"] = file.name
        report.folders.append([f.name for f in main.files])
        report.duplicates = duplicate_names(main.files)
    report.num_generated = len(samples)
    if sounds is not None:
        for sample, sound in zip(samples, _sounds_of(main, sounds, report), strict=True):
            sample["audio"] = sound.text
    return samples


def _sounds_of(pictures: Side, sounds: Side, report: PairingDraft) -> list[MediaFile]:
    """Return the sound of each video: by name beside a folder, two lists in order; they must fit completely."""
    if not (pictures.is_folder or sounds.is_folder):
        if len(pictures.files) != len(sounds.files):
            raise ManifestError(f"video= has {len(pictures.files)} files, audio= has {len(sounds.files)}")
        report.crossed += crossed_partners(pictures.files, pair_in_order(pictures.files, sounds.files).partners)
        return list(sounds.files)
    named = with_names_that_fit(pictures.files, sounds.files)
    found = pair_by_name(named, with_names_that_fit(sounds.files, named), PairingDraft())
    alone = [f.name for f, p in zip(pictures.files, found.partners, strict=True) if p is None]
    if alone or found.leftover:
        raise ManifestError(
            f"video= and audio= do not describe the same clips: {len(alone)} videos without sound file "
            f"({', '.join(alone[:5]) or 'none'}), {len(found.leftover)} sound files without video "
            f"({', '.join(f.name for f in found.leftover[:5]) or 'none'})",
            hint="give folders with the same relative paths, or only video= to use the sound tracks",
        )
    return [p for p in found.partners if p is not None]


def _prompts(
    spec: str | os.PathLike[str] | Prompts | None, columns: Mapping[str, str] | None, access: RemoteAccess
) -> Prompts | None:
    prompts = spec if isinstance(spec, Prompts) or spec is None else read_prompts(spec, columns, remote=access)
    require_columns([prompts.table] if prompts else [], columns or {})
    return prompts


def _text_prompts(
    spec: TextPrompts, columns: Mapping[str, str] | None, access: RemoteAccess
) -> Prompts | list[Any] | None:
    """Return prompts by name or in order; a text that is no name of a table is the only prompt of a list."""
    if isinstance(spec, Mapping):
        rows = [Row(where=f"entry `{n}`", cells={"id": n, "text_prompt": t}) for n, t in spec.items()]
        return Prompts(table=Table(path=Path("text_prompts"), rows=tuple(rows)), columns={"id": "id"})
    if isinstance(spec, os.PathLike) or (isinstance(spec, str) and as_location(spec).suffix.lower() in _TABLES):
        return _prompts(spec, columns, access)
    return [spec] if isinstance(spec, str) else list(spec)


_TABLES = {*TABLE_EXTENSIONS, ".txt"}


def _attach_values(
    samples: Sequence[dict[str, Any]], values: Mapping[str, Any], report: PairingDraft, pairing: Pairing
) -> None:
    """Give one value to all samples, or a list of values one by one, for which the clips must have one order."""
    names = [Path(str(s.get("video", s.get("audio")))).name for s in samples]
    for key, value in values.items():
        if value is None:
            continue
        is_one = isinstance(value, str | int | float | Mapping)
        each: list[Any] = [value] * len(samples) if is_one else list(value)
        if len(each) != len(samples):
            raise ManifestError(f"{key} has {len(each)} values for {len(samples)} generated clips")
        if not is_one and pairing != "order":
            require_orders(names, report, f"{len(each)} values of {key}")
        for sample, own in zip(samples, each, strict=True):
            sample.update(own if key == "extras" else {key: own})
        if key == "text_prompt" and not is_one:
            report.crossed += crossed_texts(names, each)
            report.texts, report.texts_by = {"text_prompt": sum(t is not None for t in each)}, by_position(report)
