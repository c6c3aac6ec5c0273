"""Validated samples from the dicts of the public contract."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from avmeter.errors import ManifestError, SkipCode, SkipError
from avmeter.files import without_credentials
from avmeter.plain import described, is_plain, kind_of, shown, text_of
from avmeter.sample.access import DEFAULT_ACCESS, RemoteAccess
from avmeter.sample.reading import Rates, UnreadableError, positive_number, read_medium
from avmeter.sample.source import MediaSource, Problem

AUDIO_FIELDS = ("audio", "reference_audio")
RARE_MEDIA_FIELDS = ("reference_take2", "video_mask", "reference_mask", "reference_take2_mask")
MEDIA_FIELDS = ("audio", "video", "reference_audio", "reference", *RARE_MEDIA_FIELDS)
TEXT_FIELDS = ("text_prompt", "reference_text", "given_transcript", "language")
RARE_TEXT_FIELDS = ("given_transcript",)
DIALOGUE_FIELDS = ("reference_text", "given_transcript")
_AUDIO_OF = {"audio": "video", "reference_audio": "reference"}
_ALIASES = {"video_path": "video", "real_take2": "reference_take2", "take2": "reference_take2"}
_REFERENCE_FIELDS = ("reference_audio", "reference")
_HINTS = ("fps", "sample_rate", "audio_stream", "reference_audio_stream")
_MAX_STREAMS = 1000
_UNREADABLE = "the sample is a dict that cannot be read"
SAMPLE_KEYS = ("id", "role", *MEDIA_FIELDS, *_ALIASES, *TEXT_FIELDS, *_HINTS)
"""Every key of a sample that has a meaning here."""

logger = logging.getLogger("avmeter")


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """A validated evaluation item; see the package's docstring for the keys of the dict form.

    Attributes:
        id: Unique within a run.
        role: "reference" is only corpus context.
        media: Field -> source, of the media that could be read.
        texts: Field -> text.
        problems: Field -> why its value cannot be used.
        fps: Frame rate of frames in memory.
        extras: Other keys.
        original: The dict form without what could not be read; open files are replaced by their bytes.
    """

    id: str
    role: Literal["generated", "reference"] = "generated"
    media: Mapping[str, MediaSource] = field(default_factory=dict)
    texts: Mapping[str, Any] = field(default_factory=dict)
    problems: Mapping[str, Problem] = field(default_factory=dict)
    fps: float | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)
    original: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, row: Mapping[str, Any], *, index: int = 0, access: RemoteAccess = DEFAULT_ACCESS) -> Sample:
        """Build a sample from its dict form.

        Args:
            row: Keys of the public contract, and any others.
            index: Position, used as the id when there is no other name.
            access: How URLs in it may be fetched.

        Raises:
            ManifestError: It is no dict, or its role is unknown.
        """
        if not isinstance(row, Mapping):
            raise ManifestError(
                f"sample {index} is a {kind_of(row)}, not a dict",
                hint="give dicts such as {'audio': 'clip.wav', 'text_prompt': '...'}",
            )
        rest = {text_of(k): v for k, v in row.items() if not _is_absent(v)}
        for alias, key in _ALIASES.items():
            if alias in rest:
                value = rest.pop(alias)
                rest.setdefault(key, value)
        role = rest.pop("role", "generated")
        if not isinstance(role, str) or role not in ("generated", "reference"):
            raise ManifestError(f"sample {index}: role is {shown(role)}", hint='the only role to state is "reference"')
        name = _id(rest.pop("id", None), index)
        hints = {k: rest.pop(k, None) for k in _HINTS}
        fields = {k: rest.pop(k) for k in (*MEDIA_FIELDS, *TEXT_FIELDS) if k in rest}
        media, texts, problems = _read_fields(fields, hints, access)
        dropped = {*problems, *(["id"] if name is None else [])}
        return cls(
            id=name if name is not None else _name_of(media, index),
            role="reference" if role == "reference" else "generated",
            media=media,
            texts=texts,
            problems=problems,
            fps=positive_number(hints["fps"]),
            extras=rest,
            original={k: _portable(v, media.get(text_of(k))) for k, v in row.items() if text_of(k) not in dropped},
        )

    @classmethod
    def unreadable(cls, item: object, *, index: int) -> Sample:
        """Build the place of an item among samples that is none, as a generation that failed leaves `None`: all skips.

        Args:
            item: No dict, or one that raises when it is read.
            index: Position, used as the id.
        """
        message = f"the sample is {shown(item)}, not a dict" if not isinstance(item, Mapping) else _UNREADABLE
        problem = Problem(message=message, hint="give what was generated as a dict")
        return cls(id=str(index), problems=dict.fromkeys((*MEDIA_FIELDS, *TEXT_FIELDS), problem))

    def source(self, name: str) -> MediaSource | None:
        """Return the media behind a field; "audio" and "reference_audio" fall back to the audio of the video's file."""
        found = self.media.get(name)
        if found is None and name in _AUDIO_OF and name not in self.problems:
            found = self.media.get(_AUDIO_OF[name])
            if found is not None and not found.has_audio:
                return None
        return found

    def problem(self, name: str) -> Problem | None:
        """Return why the value of a field, or of the one that stands in for it, cannot be used."""
        if name in self.problems or name in self.media:
            return self.problems.get(name)
        return self.problems.get(_AUDIO_OF.get(name, ""))

    def text(self, name: str) -> Any:
        """Return a text field unchanged, or None."""
        return self.texts.get(name)

    def described(self, name: str) -> Any:
        """Return a text field unchanged, or the value of another key as JSON (`auxiliary_info` of VBench); or None.

        A value that JSON does not hold is its Python form, and a text stays as it is.

        Raises:
            SkipError: It has no such form: it contains itself, or raises.
        """
        value = self.texts.get(name, self.extras.get(name))
        if value is None or name in self.texts or isinstance(value, str):
            return value
        try:
            return json.dumps(value, default=repr, sort_keys=True)
        except Exception as error:
            message = f"{self.id}: `{name}` is a {kind_of(value)} that cannot be written as JSON ({described(error)})"
            raise SkipError(SkipCode.UNSUPPORTED, message, hint=f"give plain values in `{name}=`") from error

    def has(self, name: str) -> bool:
        """True if the field (media, text or extra) has a value, or its audio track stands in for it."""
        if self.problem(name) is not None:
            return True
        if name in MEDIA_FIELDS:
            return self.source(name) is not None
        return name in self.texts or name in self.extras


def as_samples(items: Iterable[Mapping[str, Any] | Sample], *, access: RemoteAccess = DEFAULT_ACCESS) -> list[Sample]:
    """Return samples from dicts, with unique ids; an item among them that is no dict has no readable field.

    Args:
        items: Dicts, or samples.
        access: How URLs in dicts may be fetched.

    Raises:
        ManifestError: None of the items is a dict, a role is unknown, or an explicit id occurs twice.
    """
    rows: list[object] = list(items)
    has_samples = any(isinstance(row, Sample | Mapping) for row in rows)
    samples = [_as_sample(row, index, can_be_none=has_samples, access=access) for index, row in enumerate(rows)]
    positions: dict[str, int] = {}
    unique: list[Sample] = []
    for i, sample in enumerate(samples):
        if sample.id in positions:
            if "id" in sample.original:
                raise ManifestError(
                    f"id `{sample.id}` is used by samples {positions[sample.id]} and {i}",
                    hint="ids must be unique",
                )
            name = f"{sample.id}#{i}"
            while name in positions:
                name += "#"
            sample = replace(sample, id=name)
        positions[sample.id] = i
        unique.append(sample)
    return unique


def _as_sample(row: Any, index: int, *, can_be_none: bool, access: RemoteAccess) -> Sample:
    """Return one item as a sample; one that is no sample is refused, or among others keeps its place unread."""
    if isinstance(row, Sample):
        return row
    if can_be_none and not isinstance(row, Mapping):
        return Sample.unreadable(row, index=index)
    try:
        return Sample.of(row, index=index, access=access)
    except ManifestError:
        raise
    except Exception as error:  # noqa: BLE001 - dicts of others may raise anything
        logger.warning("sample %d cannot be read: a %s that fails (%s)", index, kind_of(row), described(error))
        return Sample.unreadable(row, index=index)


def _read_fields(
    fields: Mapping[str, Any], hints: Mapping[str, Any], access: RemoteAccess
) -> tuple[dict[str, MediaSource], dict[str, Any], dict[str, Problem]]:
    media: dict[str, MediaSource] = {}
    texts: dict[str, Any] = {}
    wrong_hint = _wrong_hint(hints)
    problems = {} if wrong_hint is None else dict.fromkeys((k for k in fields if k in MEDIA_FIELDS), wrong_hint)
    for key, value in fields.items():
        if key in problems:
            continue
        try:
            if key in MEDIA_FIELDS:
                media[key] = read_medium(value, is_audio=key in AUDIO_FIELDS, rates=_rates(hints, key, access))
            else:
                texts[key] = _text(value, key)
        except UnreadableError as error:
            problems[key] = Problem(message=f"{key} is {error.message}", hint=error.hint)
    return media, texts, problems


def _wrong_hint(hints: Mapping[str, Any]) -> Problem | None:
    """Return what is wrong with a rate or with the choice of a track."""
    for name in ("fps", "sample_rate"):
        if hints[name] is not None and positive_number(hints[name]) is None:
            return Problem(message=f"{name} is {shown(hints[name])}, not a positive number", hint=f"correct {name}")
    for name in ("audio_stream", "reference_audio_stream"):
        if hints[name] is not None and _position(hints[name]) is None:
            return Problem(message=f"{name} is {shown(hints[name])}, not a position", hint="0 is the first audio track")
    return None


def _rates(hints: Mapping[str, Any], key: str, access: RemoteAccess) -> Rates:
    """Return the hints that bear on a field."""
    rate = positive_number(hints["sample_rate"])
    stream = hints["reference_audio_stream" if key in _REFERENCE_FIELDS else "audio_stream"]
    return Rates(
        fps=positive_number(hints["fps"]),
        sample_rate=int(rate) if rate is not None and rate.is_integer() else rate,
        audio_stream=None if stream is None else _position(stream),
        access=access,
    )


def _position(value: Any) -> int | None:
    """Return the position of a track, also one written as text; None for anything else."""
    try:
        number = float(value)
    except Exception:  # noqa: BLE001 - as above
        return None
    is_position = not isinstance(value, bool) and 0 <= number <= _MAX_STREAMS and number.is_integer()
    return int(number) if is_position else None


def _portable(value: Any, source: MediaSource | None) -> Any:
    """Return a value in a form that can be sent to another process: the bytes of an open file instead of the file."""
    if source is None or source.data is None or isinstance(value, bytes | Mapping):
        return value
    return source.data


def _id(value: Any, index: int) -> str | None:
    """Return an explicit id as text; None where there is none, or where it has none: an integer too long to print."""
    if value is None:
        return None
    try:
        return without_credentials(str.__str__(str(value)))
    except Exception as error:  # noqa: BLE001 - objects of others may raise anything
        problem = shown(value) if isinstance(error, ValueError) else f"a {kind_of(value)} without a text"
        logger.warning("sample %d: its id is %s (%s); it is named as one without", index, problem, described(error))
        return None


def _name_of(media: Mapping[str, MediaSource], index: int) -> str:
    names = (str(m) for m in media.values() if m.is_elsewhere or m.label)
    return next(names, str(index))


def _is_absent(value: Any) -> bool:
    """True for None, and for what data frames put where nothing is: NaN, NaT, NA."""
    if value is None or isinstance(value, str):
        return value is None
    if kind_of(value) in ("NAType", "NaTType"):
        return True
    try:
        return bool(np.isscalar(value) and value != value)
    except Exception:  # noqa: BLE001 - as above
        return False


def _text(value: Any, key: str) -> Any:
    if isinstance(value, str):
        return text_of(value)
    if key in DIALOGUE_FIELDS and isinstance(value, list | tuple) and is_plain(value):  # turns of a dialogue
        return value
    raise UnreadableError(f"a {kind_of(value)}, not a text", hint=f"give {key}='...', or leave it out")
