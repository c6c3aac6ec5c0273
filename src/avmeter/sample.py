"""One item to be scored: what the user has, in one validated value.

A sample is given as a dict. Its keys are a public contract:

    audio, video (or video_path)       the generated clip; `audio` may be a video file: its sound track is read
    reference_audio, reference         the real one, sound and picture
    text_prompt, reference_text        what it was made from; what should be heard in it
    language, fps, sample_rate         hints for text and for arrays
    role                               "reference": only corpus context, never scored itself
    id                                 a name; default is the path or the position

Media are paths, or arrays with a rate: `audio=(array, sample_rate)` or `audio=array, sample_rate=...`;
`video=frames, fps=...` with frames (T, C, H, W) or (T, H, W, C), uint8 or float in [0, 1].
Unknown keys are kept in `extras` for user metrics.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from avmeter.errors import ManifestError

MEDIA_FIELDS = ("audio", "video", "reference_audio", "reference")
TEXT_FIELDS = ("text_prompt", "reference_text", "language")
_SOUND_OF = {"audio": "video", "reference_audio": "reference"}


@dataclass(frozen=True, kw_only=True, eq=False)
class MediaSource:
    """A file, or arrays in memory. Exactly one of `path`, (`samples` and/or `frames`) is set.

    Attributes:
        path: File with sound, picture or both.
        samples: Sound, (N,) or (C, N), float or integer PCM.
        sample_rate: Hz, of `samples`.
        frames: Picture, (T, C, H, W) or (T, H, W, C).
        fps: Frame rate of `frames`; None when nobody said it.
    """

    path: Path | None = None
    samples: np.ndarray | None = None
    sample_rate: int | None = None
    frames: np.ndarray | None = None
    fps: float | None = None

    def __str__(self) -> str:
        if self.path is not None:
            return str(self.path)
        shape = self.samples.shape if self.samples is not None else getattr(self.frames, "shape", ())
        return f"array {tuple(shape)}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """A validated evaluation item; see the module's docstring for the keys of the dict form."""

    id: str
    role: Literal["generated", "reference"] = "generated"
    media: Mapping[str, MediaSource] = field(default_factory=dict)
    texts: Mapping[str, Any] = field(default_factory=dict)
    fps: float | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)
    original: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Mapping[str, Any], *, index: int = 0) -> Sample:
        """A sample from its dict form.

        Args:
            given: Keys of the public contract, and any others.
            index: Position, used as the id when there is no other name.

        Raises:
            ManifestError: A value has the wrong type, or nothing but a role was given.
        """
        if not isinstance(given, Mapping):
            raise ManifestError(
                f"sample {index} is a {type(given).__name__}, not a dict",
                hint="give dicts such as {'audio': 'clip.wav', 'text_prompt': '...'}",
            )
        rest = {k: v for k, v in given.items() if not _is_absent(v)}
        if "video_path" in rest:
            rest.setdefault("video", rest["video_path"])
            del rest["video_path"]
        fps = _number(rest.pop("fps", None), "fps", index)
        rate = _number(rest.pop("sample_rate", None), "sample_rate", index)
        role = rest.pop("role", "generated")
        if role not in ("generated", "reference"):
            raise ManifestError(f"sample {index}: role is {role!r}", hint='the only role to state is "reference"')
        name = rest.pop("id", None)
        media = {}
        for key in MEDIA_FIELDS:
            if key in rest:
                media[key] = _media(rest.pop(key), key=key, fps=fps, rate=rate, index=index)
        texts = {k: _text(rest.pop(k), key=k, index=index) for k in TEXT_FIELDS if k in rest}
        paths = [m.path for m in media.values() if m.path is not None]
        sample_id = str(name) if name is not None else (str(paths[0]) if paths else str(index))
        return cls(id=sample_id, role=role, media=media, texts=texts, fps=fps, extras=rest, original=dict(given))

    def source(self, name: str) -> MediaSource | None:
        """The media behind a field; "audio" and "reference_audio" fall back to the sound of the picture's file."""
        found = self.media.get(name)
        if found is None and name in _SOUND_OF:
            found = self.media.get(_SOUND_OF[name])
            if found is not None and found.path is None and found.samples is None:
                return None
        return found

    def text(self, name: str) -> Any:
        """A text field as it was given, or None."""
        return self.texts.get(name)

    def has(self, name: str) -> bool:
        """True if the field (media, text or extra) was given, or its sound track stands in for it."""
        if name in MEDIA_FIELDS:
            return self.source(name) is not None
        return name in self.texts or name in self.extras


def as_samples(given: Iterable[Mapping[str, Any] | Sample]) -> list[Sample]:
    """Samples from dicts, with unique ids.

    Raises:
        ManifestError: A sample is malformed, or an id that was stated occurs twice.
    """
    samples = [s if isinstance(s, Sample) else Sample.of(s, index=i) for i, s in enumerate(given)]
    seen: dict[str, int] = {}
    unique: list[Sample] = []
    for i, sample in enumerate(samples):
        stated = "id" in sample.original
        if sample.id in seen:
            if stated:
                raise ManifestError(
                    f"id `{sample.id}` is used by samples {seen[sample.id]} and {i}",
                    hint="ids must be unique",
                )
            name = f"{sample.id}#{i}"
            while name in seen:
                name += "#"
            sample = _renamed(sample, name)
        seen[sample.id] = i
        unique.append(sample)
    return unique


def _renamed(sample: Sample, name: str) -> Sample:
    values = {f: getattr(sample, f) for f in sample.__dataclass_fields__}
    return Sample(**{**values, "id": name})


def _is_absent(value: Any) -> bool:
    """None, or what data frames put where nothing is: NaN, NaT, NA."""
    return value is None or (np.isscalar(value) and value != value) or type(value).__name__ in ("NAType", "NaTType")


def _text(value: Any, *, key: str, index: int) -> Any:
    if isinstance(value, str) or (key == "reference_text" and isinstance(value, list | tuple)):  # turns of a dialogue
        return value
    raise ManifestError(
        f"sample {index}: {key} is a {type(value).__name__}, not a text", hint=f"give {key}='...', or leave it out"
    )


def _number(value: Any, key: str, index: int) -> Any:
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not 0 < number < float("inf"):
        raise ManifestError(f"sample {index}: {key} is {value!r}, not a positive number")
    return int(number) if key == "sample_rate" else number


def _media(value: Any, *, key: str, fps: float | None, rate: int | None, index: int) -> MediaSource:
    if isinstance(value, MediaSource):
        return value
    if isinstance(value, str | os.PathLike):
        if not str(value).strip():
            raise ManifestError(f"sample {index}: {key} is an empty path")
        return MediaSource(path=Path(value), fps=fps)
    if hasattr(value, "source") and hasattr(value, "frames"):  # a `Video` handle
        if value.source is not None and value.frames is None:
            return MediaSource(path=Path(value.source), fps=value.fps or fps)
        return MediaSource(
            frames=None if value.frames is None else _array(value.frames, key, index),
            fps=value.fps or fps,
            samples=None if value.audio is None else _array(value.audio, key, index),
            sample_rate=value.audio_sr,
        )
    if isinstance(value, Mapping) and {"array", "sampling_rate"} <= value.keys():  # Hugging Face datasets
        return MediaSource(samples=_array(value["array"], key, index), sample_rate=int(value["sampling_rate"]))
    is_sound = key in ("audio", "reference_audio")
    if isinstance(value, tuple) and len(value) == 2 and np.isscalar(value[1]):
        second = _number(value[1], "sample_rate" if is_sound else "fps", index)
        array = _array(value[0], key, index)
        return MediaSource(samples=array, sample_rate=second) if is_sound else MediaSource(frames=array, fps=second)
    array = _array(value, key, index)
    if is_sound:
        if rate is None:
            raise ManifestError(f"sample {index}: {key} is an array without a rate", hint=f"{key}=(array, sample_rate)")
        return MediaSource(samples=array, sample_rate=rate)
    return MediaSource(frames=array, fps=fps)


def _array(value: Any, key: str, index: int) -> np.ndarray:
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray) or (isinstance(value, Sequence) and not isinstance(value, str)):
        array = np.asarray(value)
        if array.dtype.kind in "fiu" and array.ndim in (1, 2, 4):
            return array
    raise ManifestError(
        f"sample {index}: {key} is a {type(value).__name__} that is neither a path nor an array of numbers",
        hint="give a path, (samples, sample_rate), or frames (T, C, H, W) with fps",
    )


def iter_dicts(samples: Iterable[Sample]) -> Iterator[Mapping[str, Any]]:
    """The dict forms that samples were made from."""
    for sample in samples:
        yield sample.original


@dataclass
class Video:
    """A handle of a video: a path (`source`), or decoded `frames` with `fps` (and sound)."""

    source: str | os.PathLike[str] | None = None
    fps: float | None = None
    frames: Any = None
    audio: Any = None
    audio_sr: int | None = None

    def has_frames(self) -> bool:
        """True if frames were decoded already."""
        return self.frames is not None

    def has_audio(self) -> bool:
        """True if sound was decoded already."""
        return self.audio is not None

    def __post_init__(self) -> None:
        if isinstance(self.source, os.PathLike):
            self.source = str(self.source)


def as_video(value: Any) -> Video:
    """A `Video` from a path, frames, or a `Video`."""
    if isinstance(value, Video):
        return value
    if isinstance(value, str | os.PathLike):
        return Video(source=str(value))
    return Video(frames=value)
