"""Samples from files and folders, with FastVideo's rules where they can be kept.

Folders are not searched below their first level, and their files come in alphabetical order, as in FastVideo. They
are paired by name where any name fits; else, if their numbers agree, in order, with a warning.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import avmeter.manifest
from avmeter.errors import ManifestError, MediaError
from avmeter.files import as_location
from avmeter.manifest import MANIFEST_EXTENSIONS, Pairing, PairingWarning, SampleList
from avmeter.media import probe
from avmeter.media.extensions import AUDIO_EXTENSIONS, MEDIA_EXTENSIONS, VIDEO_EXTENSIONS
from avmeter.sample import Video, as_video

__all__ = ["as_video", "samples_from"]

PathSpec = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
_SOUND_OF = {"video": "audio", "reference": "reference_audio"}
_MEDIA = ("video", "audio", "reference", "reference_audio")
_SHOWN = 3
_VIDEOS = (VIDEO_EXTENSIONS,)
_SOUNDS = (AUDIO_EXTENSIONS, MEDIA_EXTENSIONS)
_PROMPT_FILES = {*MANIFEST_EXTENSIONS, ".txt"}


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
) -> SampleList:
    """Build samples as `avmeter.samples_from` does, from FastVideo's arguments.

    Args:
        video: Generated clips: a file, a folder, or paths in their order.
        reference: Real clips.
        audio: Generated sound.
        reference_audio: Real sound.
        text_prompt: One prompt for all samples.
        text_prompts: One prompt per sample in their order, or a file of prompts; another text is that of all samples.
        fps: Frame rate for all samples.
        auxiliary_info: One dict for all samples, or one per sample.
        extras: One dict for all samples, or one per sample, whose keys are added to the samples.
        extract_audio: Give samples with videos that have a sound track `audio` and `reference_audio`: the videos, whose
            sound track is read. Nothing is written, wherever a path would have files.
        extract_workers: Accepted, without effect.

    Returns:
        Samples, whose videos are `Video` handles. References without a clip follow with `role="reference"`.

    Raises:
        ManifestError: As `avmeter.samples_from`, or the numbers of values and clips differ, or there are both
            `text_prompt` and `text_prompts`.
    """
    if text_prompt is not None and text_prompts is not None:
        raise ManifestError("text_prompt= and text_prompts= were both given", hint="give one of them")
    if isinstance(text_prompts, str) and not _is_file_name(text_prompts):
        text_prompt, text_prompts = text_prompts, None
    sides = {
        "video": _files(video, _VIDEOS),
        "reference": _files(reference, _VIDEOS),
        "audio": _files(audio, _SOUNDS),
        "reference_audio": _files(reference_audio, _SOUNDS),
    }
    each: dict[str, Any] = {"text_prompt": text_prompts, "auxiliary_info": auxiliary_info, "extras": extras}
    lists = {key: list(value) for key, value in each.items() if _is_list(value)}
    others: dict[str, Any] = {
        "text_prompt": text_prompt,
        "text_prompts": None if "text_prompt" in lists else text_prompts,
        "fps": fps,
        **{key: None if key in lists else each[key] for key in ("auxiliary_info", "extras")},
    }
    folders = [side for side in (video, reference, audio, reference_audio) if _is_folder(side)]
    samples = _paired(sides, others) if folders else _in_order(sides, others)
    _attach(samples, lists)
    for sample in samples:
        _make_handles(sample, is_sound_asked=bool(extract_audio))
    return samples


def _paired(sides: Mapping[str, Any], others: Mapping[str, Any]) -> SampleList:
    """Pair by name; where no name fits and the numbers agree, in order."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        samples = _build(sides, others, "path")
    generated = [s for s in samples if s.get("role") != "reference"]
    references = [s for s in samples if s.get("role") == "reference"]
    is_paired = any("reference" in s or "reference_audio" in s for s in generated)
    if references and not is_paired and len(references) == len(generated):
        samples = _in_order(sides, others)
        warnings.warn(
            f"no name fits that of a reference: {len(samples)} clips are paired in alphabetical order "
            f"({_first_pairs(samples)}); give both sides the same names to be sure",
            stacklevel=3,
        )
        return samples
    for warning in caught:
        warnings.warn(warning.message, stacklevel=3)
    return samples


def _first_pairs(samples: SampleList) -> str:
    pairs = [[Path(str(s[key])).name for key in _MEDIA if key in s] for s in samples[:_SHOWN]]
    return ", ".join(" with ".join(names) for names in pairs) + (" ..." if len(samples) > _SHOWN else "")


def _in_order(sides: Mapping[str, Any], others: Mapping[str, Any]) -> SampleList:
    """Pair by position; that names cross is what the caller asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PairingWarning)
        return _build(sides, others, "order")


def _build(sides: Mapping[str, Any], others: Mapping[str, Any], pairing: Pairing) -> SampleList:
    return avmeter.manifest.samples_from(**sides, **others, pairing=pairing)


def _files(spec: PathSpec | None, choices: Sequence[Iterable[str]]) -> Any:
    """Return the files of a folder in alphabetical order, of the first choice of extensions that it has any of."""
    if not _is_folder(spec):
        return spec
    entries = sorted(p for p in Path(str(spec)).iterdir() if p.is_file() and not p.name.startswith("."))
    for extensions in choices:
        found = [p for p in entries if p.suffix.lower() in extensions]
        if found:
            return found
    return spec


def _is_folder(spec: PathSpec | None) -> bool:
    return isinstance(spec, str | os.PathLike) and Path(spec).is_dir()


def _is_file_name(text: str) -> bool:
    """Return whether a text names a file of prompts, there or not."""
    return as_location(text).suffix.lower() in _PROMPT_FILES


def _is_list(value: Any) -> bool:
    return value is not None and not isinstance(value, str | os.PathLike | Mapping)


def _attach(samples: SampleList, lists: Mapping[str, Sequence[Any]]) -> None:
    """Give the generated clips their values one by one."""
    generated = [s for s in samples if s.get("role") != "reference"]
    for key, values in lists.items():
        if len(values) != len(generated):
            raise ManifestError(f"{key} has {len(values)} values for {len(generated)} generated clips")
        for sample, own in zip(generated, values, strict=True):
            sample.update(own if key == "extras" else {key: own})


def _make_handles(sample: dict[str, Any], *, is_sound_asked: bool) -> None:
    for key, sound in _SOUND_OF.items():
        if not isinstance(sample.get(key), str):
            continue
        if is_sound_asked and sound not in sample and _has_sound(sample[key]):
            sample[sound] = sample[key]
        sample[key] = Video(source=sample[key])


def _has_sound(path: str) -> bool:
    try:
        return bool(probe(Path(path)).audio)
    except MediaError:  # the metrics say what is wrong with the file
        return False
