"""Samples from paths: clips, lists of clips, folders and manifests, with references and texts attached.

The arguments are those of FastVideo's `samples_from`. What differs: folders pair by relative path without
extension instead of by position, so that one missing file cannot shift all that follow; sound tracks are read from
the videos themselves and nothing is written.
"""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from avmeter.errors import ManifestError, UnknownNameError
from avmeter.manifest.folders import MediaFile, list_media
from avmeter.manifest.pairing import (
    NameMap,
    PairingReport,
    PairingWarning,
    Pairs,
    duplicate_names,
    pair_by_name,
    pair_in_order,
)
from avmeter.manifest.prompts import Prompts, apply_prompts, read_prompts
from avmeter.manifest.tables import MANIFEST_EXTENSIONS, read_manifest
from avmeter.media.extensions import MEDIA_EXTENSIONS, VIDEO_EXTENSIONS

PathSpec = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
Pairing = Literal["auto", "path", "order"]
_KEPT_APART = "reference:"


class SampleList(list[dict[str, Any]]):
    """Samples, and how they were paired."""

    def __init__(self, samples: Iterable[dict[str, Any]] = (), *, pairing: PairingReport | None = None) -> None:
        super().__init__(samples)
        self.pairing = pairing or PairingReport(num_generated=len(self))


class _Side:
    """One argument resolved: its files, and whether it was a folder."""

    def __init__(self, spec: PathSpec, name: str, extensions: frozenset[str], leave_out: Sequence[Path] = ()) -> None:
        self.name = name
        self.ignored: list[str] = []
        self.is_folder = False
        if not isinstance(spec, str | os.PathLike):
            paths = [Path(p) for p in spec]
            if not paths:
                raise ManifestError(f"{name} is an empty list")
            self.files = _named_files(paths)
            return
        path = Path(spec)
        if not path.is_dir():
            if not path.exists():
                raise ManifestError(f"{name}: {path} is neither a file nor a folder", hint="check the path")
            self.files = _named_files([path])
            return
        self.is_folder = True
        others = [p for p in leave_out if p.resolve() != path.resolve()]
        listing = list_media(path, extensions, leave_out=others)
        self.ignored = [f"{path / i}" for i in listing.ignored]
        self.files = list(listing.files)
        if not self.files:
            kinds = "media" if extensions == MEDIA_EXTENSIONS else "video"
            raise ManifestError(
                f"{name}: no {kinds} files in {path} ({len(listing.ignored)} other files)",
                hint=f"known extensions: {' '.join(sorted(extensions))}; files given one by one may have any",
            )


def samples_from(
    *,
    video: PathSpec | None = None,
    reference: PathSpec | None = None,
    audio: PathSpec | None = None,
    reference_audio: PathSpec | None = None,
    text_prompt: str | None = None,
    text_prompts: str | os.PathLike[str] | Sequence[str] | None = None,
    fps: float | None = None,
    auxiliary_info: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    extras: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    extract_audio: bool | str | os.PathLike[str] = False,
    extract_workers: int = 4,
    prompts: str | os.PathLike[str] | Prompts | None = None,
    pairing: Pairing = "auto",
    name_map: NameMap | None = None,
    strict: bool = False,
) -> SampleList:
    """Samples from generated clips and, where there are any, references and texts.

    Each of `video`, `audio`, `reference` and `reference_audio` is a file, a folder (searched at any depth), or an
    iterable of paths. At least one of `video` and `audio` is needed. A folder of videos holds videos; the other
    folders may hold sound and video files, and a sound file among `reference` becomes `reference_audio`.

    Args:
        video: Generated clips with picture.
        reference: Real clips.
        audio: Generated sound; of video files the sound track.
        reference_audio: Real sound.
        text_prompt: One prompt for all samples.
        text_prompts: One prompt per sample, or a .json or .jsonl file of them, in order.
        fps: Frame rate for all samples.
        auxiliary_info: One dict for all samples, or one per sample, for `sample["auxiliary_info"]`.
        extras: One dict for all samples, or one per sample, whose keys are added to the samples.
        extract_audio: Accepted, without effect: sound is read from the videos anyway, and nothing is written.
        extract_workers: Accepted, without effect.
        prompts: Table that names clips and gives their texts; see `read_prompts`.
        pairing: "path" (by relative path without extension), "order" (first with first), or "auto": folders by path,
            anything else in order.
        name_map: For "path": from the relative path of a generated clip, without extension, to that of its reference.
        strict: Raise where pairing leaves something over, instead of one warning.

    Returns:
        A list of dicts, and in its attribute `pairing` the `PairingReport`. Clips of folders have their relative path
        as `id`. References that belong to no clip follow at the end with `role="reference"`.

    Raises:
        ManifestError: Nothing generated was given, a path does not exist, per-sample values do not fit the number of
            clips, or `strict` and a pairing problem.
    """
    if pairing not in get_args(Pairing):
        raise UnknownNameError.among("pairing", pairing, get_args(Pairing))
    if text_prompt is not None and text_prompts is not None:
        raise ManifestError("text_prompt= and text_prompts= were both given", hint="give one of them")
    if video is None and audio is None:
        raise ManifestError("nothing generated was given", hint="give video= or audio=")
    if name_map is not None and pairing == "order":
        raise ManifestError("name_map= has no use for pairing='order'", hint="use pairing='path'")
    report = PairingReport()
    pair = _pairer(pairing, name_map, report)
    outside = [Path(p) for p in (reference, reference_audio) if isinstance(p, str | os.PathLike)]
    samples, clips, from_folder = _generated(video, audio, pair, report, outside)
    samples = _with_references(samples, clips, from_folder, reference, reference_audio, pair, report, (video, audio))
    _attach_values(
        samples[: len(clips)],
        text_prompt=_in_order(text_prompts) if text_prompts is not None else text_prompt,
        fps=fps,
        auxiliary_info=auxiliary_info,
        extras=extras,
    )
    if prompts is not None:
        apply_prompts(samples, prompts if isinstance(prompts, Prompts) else read_prompts(prompts), report)
    return _reported(samples, report, strict)


def samples_from_inputs(
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    reference: str | os.PathLike[str] | None = None,
    name_map: NameMap | None = None,
    strict: bool = False,
) -> SampleList:
    """Samples from what is named on a command line: clips, folders of clips and manifests, in any mixture.

    A sound file becomes `audio`, any other file `video`, whose sound track counts as its audio.

    Args:
        inputs: One path or several.
        reference: The real clip for a single clip, or a folder paired by relative path without extension.
        name_map: As for `samples_from`.
        strict: As for `samples_from`.

    Raises:
        ManifestError: No input, an input that does not exist while it is the only one, or a bad manifest.
    """
    paths = [Path(inputs)] if isinstance(inputs, str | os.PathLike) else [Path(p) for p in inputs]
    if not paths:
        raise ManifestError("no clips were given", hint="name files, folders or one manifest")
    report = PairingReport()
    samples: list[dict[str, Any]] = []
    clips: list[MediaFile] = []
    outside = [Path(reference)] if reference is not None else []
    folders = [p for p in paths if p.is_dir()]
    single = [p for p in paths if not p.is_dir() and p.suffix.lower() not in MANIFEST_EXTENSIONS]
    names = {f.path: f for f in _named_files(single)} if single else {}
    for path in paths:
        if path.suffix.lower() in MANIFEST_EXTENSIONS and not path.is_dir():
            rows = read_manifest(path)
            samples += rows
            clips += [_clip_of(row, path.parent) for row in rows]
            continue
        if not path.exists() and len(paths) == 1:
            raise ManifestError(f"{path} is neither a file nor a folder", hint="check the path")
        if path in names:
            samples.append(_sample_of(names[path]))
            clips.append(names[path])
            continue
        side = _Side(path, "input", MEDIA_EXTENSIONS, outside)
        prefix = f"{path.name}/" if len(folders) > 1 else ""
        report.ignored += side.ignored
        report.duplicates += duplicate_names(side.files)
        samples += [{**_sample_of(file), "id": prefix + file.name} for file in side.files]
        clips += side.files
    _make_ids_unique(samples)
    report.num_generated = sum(s.get("role") != "reference" for s in samples)
    if reference is not None:
        one_each = len(clips) == 1 and not folders and not Path(reference).is_dir()
        pair = _pairer("order" if one_each else "path", name_map, report)
        samples = _with_references(samples, clips, bool(folders), reference, None, pair, report, folders)
    return _reported(samples, report, strict)


_Pairer = Callable[[Sequence[MediaFile], Sequence[MediaFile], bool], Pairs]


def _pairer(pairing: Pairing, name_map: NameMap | None, report: PairingReport) -> _Pairer:
    def pair(generated: Sequence[MediaFile], other: Sequence[MediaFile], are_folders: bool) -> Pairs:
        if pairing == "path" or (pairing == "auto" and (are_folders or name_map is not None)):
            return pair_by_name(generated, other, report, name_map=name_map)
        return pair_in_order(generated, other)

    return pair


def _generated(
    video: PathSpec | None, audio: PathSpec | None, pair: _Pairer, report: PairingReport, outside: Sequence[Path]
) -> tuple[list[dict[str, Any]], list[MediaFile], bool]:
    """Samples with their generated media, the file each is paired by, and whether they come from a folder."""
    pictures = _Side(video, "video", VIDEO_EXTENSIONS, outside) if video is not None else None
    sounds = _Side(audio, "audio", MEDIA_EXTENSIONS, outside) if audio is not None else None
    for side in (pictures, sounds):
        report.ignored += side.ignored if side else []
    main = pictures or sounds
    assert main is not None
    field = "video" if pictures else "audio"
    samples: list[dict[str, Any]] = [{field: str(f.path)} for f in main.files]
    if main.is_folder:
        for sample, file in zip(samples, main.files, strict=True):
            sample["id"] = file.name
    report.num_generated = len(samples)
    report.duplicates = duplicate_names(main.files) if main.is_folder else []
    if pictures and sounds:
        _join_sound(samples, pictures, sounds)
    return samples, main.files, main.is_folder


def _join_sound(samples: list[dict[str, Any]], pictures: _Side, sounds: _Side) -> None:
    """Picture and sound of the same clips: folders by name, else in order; they must fit completely."""
    if pictures.is_folder and sounds.is_folder:
        found = pair_by_name(pictures.files, sounds.files, PairingReport())
        alone = [f.name for f, p in zip(pictures.files, found.partners, strict=True) if p is None]
        if alone or found.leftover:
            raise ManifestError(
                f"video= and audio= do not describe the same clips: {len(alone)} videos without sound file "
                f"({', '.join(alone[:5]) or 'none'}), {len(found.leftover)} sound files without video "
                f"({', '.join(f.name for f in found.leftover[:5]) or 'none'})",
                hint="give folders with the same relative paths, or only video= to use the sound tracks",
            )
    else:
        found = pair_in_order(pictures.files, sounds.files)
        if len(pictures.files) != len(sounds.files):
            raise ManifestError(f"video= has {len(pictures.files)} files, audio= has {len(sounds.files)}")
    for sample, sound in zip(samples, found.partners, strict=True):
        assert sound is not None
        sample["audio"] = str(sound.path)


def _with_references(
    samples: list[dict[str, Any]],
    clips: Sequence[MediaFile],
    from_folder: bool,
    reference: PathSpec | None,
    reference_audio: PathSpec | None,
    pair: _Pairer,
    report: PairingReport,
    generated: Sequence[PathSpec | None],
) -> list[dict[str, Any]]:
    """Samples with references attached, and the left over references behind them."""
    context: list[dict[str, Any]] = []
    paired: set[int] = set()
    scored = [i for i, s in enumerate(samples) if s.get("role") != "reference"]
    inside = [Path(g) for g in generated if isinstance(g, str | os.PathLike)]
    sides = [
        _Side(spec, name, MEDIA_EXTENSIONS, inside)
        for spec, name in ((reference, "reference"), (reference_audio, "reference_audio"))
        if spec is not None
    ]
    for side in sides:
        report.num_reference += len(side.files)
        report.ignored += side.ignored
        found = pair([clips[i] for i in scored], side.files, from_folder and side.is_folder)
        for index, partner in zip(scored, found.partners, strict=True):
            if partner is not None:
                as_sound = side.name == "reference_audio" or partner.is_sound
                samples[index].setdefault("reference_audio" if as_sound else "reference", str(partner.path))
            if partner is not None or "reference" in samples[index] or "reference_audio" in samples[index]:
                paired.add(index)
        for file in found.leftover:
            as_sound = side.name == "reference_audio" or file.is_sound
            sample = {"audio" if as_sound else "video": str(file.path), "role": "reference"}
            if side.is_folder:
                sample["id"] = _KEPT_APART + file.name
            context.append(sample)
            report.unmatched.append(file.name)
    if sides:
        ambiguous = {a.split(" (")[0] for a in report.ambiguous}
        report.num_paired = len(paired)
        report.missing = [clips[i].name for i in scored if i not in paired and clips[i].name not in ambiguous]
    return [*samples, *context]


def _attach_values(samples: Sequence[dict[str, Any]], **values: Any) -> None:
    for key, value in values.items():
        if value is None:
            continue
        is_one = isinstance(value, str | int | float | Mapping)
        each: list[Any] = [value] * len(samples) if is_one else list(value)
        if len(each) != len(samples):
            raise ManifestError(f"{key} has {len(each)} values for {len(samples)} generated clips")
        for sample, own in zip(samples, each, strict=True):
            sample.update(own if key == "extras" else {key: own})


def _in_order(spec: str | os.PathLike[str] | Sequence[str]) -> Sequence[str] | str:
    """Prompts in order: a list, a file of them, or a single prompt."""
    if isinstance(spec, str) and not spec.endswith((".json", ".jsonl", ".txt")):
        return spec
    if not isinstance(spec, str | os.PathLike):
        return [str(s) for s in spec]
    table = read_prompts(spec)
    texts = [row.get("text_prompt") for row in table.rows]
    if None in texts:
        raise ManifestError(f"{spec}: entry {texts.index(None)} has no prompt", hint="give `text_prompt` in each")
    return [str(t) for t in texts]


def _named_files(paths: Sequence[Path]) -> list[MediaFile]:
    """Files given one by one are named by their path below the folder that they share."""
    shared = Path(os.path.commonpath([p.absolute().parent for p in paths]))
    return [MediaFile(path=p, name=p.absolute().relative_to(shared).as_posix()) for p in paths]


def _clip_of(row: Mapping[str, Any], folder: Path) -> MediaFile:
    """The file by which a row of a manifest is paired."""
    path = Path(next((str(row[k]) for k in ("video", "audio") if k in row), str(row.get("id", ""))))
    name = path.relative_to(folder) if path.is_relative_to(folder) else Path(path.name)
    return MediaFile(path=path, name=name.as_posix())


def _sample_of(file: MediaFile) -> dict[str, Any]:
    return {"audio" if file.is_sound else "video": str(file.path)}


def _make_ids_unique(samples: Sequence[dict[str, Any]]) -> None:
    """Ids of clips from several folders that coincide are replaced by the clips' paths."""
    counts = Counter(s.get("id") for s in samples)
    for sample in samples:
        if "id" in sample and counts[sample["id"]] > 1:
            path = sample.get("audio") or sample.get("video")
            if isinstance(path, str):
                sample["id"] = path


def _reported(samples: list[dict[str, Any]], report: PairingReport, strict: bool) -> SampleList:
    if report.problems:
        if strict:
            raise ManifestError(str(report), hint="name files alike on both sides, or give a name map")
        warnings.warn(PairingWarning(report), stacklevel=3)
    return SampleList(samples, pairing=report)
