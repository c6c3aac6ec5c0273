"""Every exception that avmeter raises on purpose.

    AvmeterError                  a sentence, and a hint what to do about it
    ├── UsageError                the caller asked for something that does not exist or does not fit
    │   ├── UnknownNameError      no metric, extractor, protocol or option of that name
    │   └── ManifestError         samples cannot be read from what was given
    ├── MissingDependencyError    an optional package is not installed (also an ImportError)
    ├── WeightsError              a checkpoint is absent, damaged or not the one in the catalog
    ├── StatsError                a statistic is not defined for these numbers
    └── SkipError                 one clip cannot be measured; becomes a named skip, never stops a run
        └── MediaError            ... because of its file

A `SkipError` carries a `SkipCode`; the engine turns it into a `Skip` in the result.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class SkipCode(StrEnum):
    """Why a score is absent. The values are a public contract: they stand in every results file."""

    MISSING_INPUT = "missing_input"
    MISSING_FILE = "missing_file"
    NOT_A_FILE = "not_a_file"
    UNREADABLE = "unreadable"
    DECODE_ERROR = "decode_error"
    EMPTY_FILE = "empty_file"
    NO_AUDIO_TRACK = "no_audio_track"
    NO_VIDEO_TRACK = "no_video_track"
    NO_DECODER = "no_decoder"
    EMPTY_AUDIO = "empty_audio"
    TOO_SHORT = "too_short"
    SILENT = "silent"
    PHASE_CANCELLED = "phase_cancelled"
    NON_FINITE = "non_finite"
    STILL_PICTURE = "still_picture"
    NO_FRAME_RATE = "no_frame_rate"
    FRAME_RATE_MISMATCH = "frame_rate_mismatch"
    FRAME_SIZE_MISMATCH = "frame_size_mismatch"
    SOUND_FORMAT_MISMATCH = "sound_format_mismatch"
    LENGTH_MISMATCH = "length_mismatch"
    NO_EVENTS = "no_events"
    NO_SPEECH = "no_speech"
    NO_FACE = "no_face"
    EMPTY_TEXT = "empty_text"
    UNSUPPORTED = "unsupported"
    OVER_LIMIT = "over_limit"
    NO_SPACE = "no_space"
    TOO_FEW_SAMPLES = "too_few_samples"
    WEIGHTS_UNAVAILABLE = "weights_unavailable"
    DEPENDENCY_MISSING = "dependency_missing"
    OUT_OF_MEMORY = "out_of_memory"
    DECODE_TIMEOUT = "decode_timeout"
    WORKER_DIED = "worker_died"
    CHANGED_WHILE_READING = "changed_while_reading"
    FETCH_FAILED = "fetch_failed"
    REFUSED_HOST = "refused_host"
    OFFLINE = "offline"
    UNUSABLE_ANSWER = "unusable_answer"
    INTERRUPTED = "interrupted"
    FAILED = "failed"

    @property
    def hint(self) -> str:
        """What to do about it where whoever skips has nothing better to say; empty where nothing holds in general."""
        return _HINTS.get(self, "")


_HINTS: Mapping[SkipCode, str] = MappingProxyType(
    {
        SkipCode.MISSING_INPUT: "give it, or leave out the metrics that need it",
        SkipCode.UNREADABLE: "see that it is a media file, and that you may read it",
        SkipCode.DECODE_ERROR: "the file is damaged or was cut off: write or fetch it again",
        SkipCode.EMPTY_FILE: "write or fetch it again",
        SkipCode.NO_AUDIO_TRACK: "give `audio=`, or leave out the metrics that need sound",
        SkipCode.NO_VIDEO_TRACK: "give `video=`, or leave out the metrics that need frames",
        SkipCode.EMPTY_AUDIO: "see how the clip was written, or leave out the metrics that need sound",
        SkipCode.TOO_SHORT: "give a longer or larger clip, or leave out this metric",
        SkipCode.SILENT: "see why there is no sound, or leave out the metrics that need it",
        SkipCode.NON_FINITE: 'see whether the file holds such values; where a network made them, `precision="float32"`',
        SkipCode.STILL_PICTURE: "leave out the metrics that need motion",
        SkipCode.NO_EVENTS: "leave out this metric for clips of this kind",
        SkipCode.NO_SPEECH: "leave out the metrics of speech for clips without any",
        SkipCode.NO_FACE: "leave out the metrics of faces for clips without any",
        SkipCode.TOO_FEW_SAMPLES: "give more clips, or see why those that were given are skipped",
    }
)


class AvmeterError(Exception):
    """What happened, with measured values; `hint` says what to do."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what `pickle` needs: other processes raise the same error, whatever its arguments were."""
        return type(self).__new__, (type(self), *self.args), self.__dict__


class UsageError(AvmeterError, ValueError):
    """The caller asked for something that does not exist or does not fit together."""


class UnknownNameError(UsageError, KeyError):
    """No such name; the message lists near misses."""

    __str__ = AvmeterError.__str__

    @classmethod
    def among(cls, kind: str, name: object, known: Iterable[str]) -> UnknownNameError:
        """An error for `name` that is not in `known`, with "did you mean" and the list."""
        name, names = str(name), sorted(known)
        near = _near_names(name, names)
        hint = f"did you mean {' or '.join(f'`{n}`' for n in near)}?" if near else f"known: {', '.join(names)}"
        return cls(f"unknown {kind} `{name}`", hint=hint)


def _near_names(name: str, names: Sequence[str]) -> list[str]:
    """Return up to three names like `name`, the nearest first; a group before the dot makes no two names alike."""
    by_stem: dict[str, list[str]] = {}
    for known in names:
        by_stem.setdefault(known.rsplit(".", 1)[-1].lower(), []).append(known)
    stems = difflib.get_close_matches(name.rsplit(".", 1)[-1].lower(), by_stem, n=3, cutoff=0.5)
    return [known for stem in stems for known in by_stem[stem]][:3]


class ManifestError(UsageError):
    """Samples cannot be read from a folder, manifest or list."""


class MissingDependencyError(AvmeterError, ImportError):
    """An optional package is not installed; the hint is the command that installs it."""


class WeightsError(AvmeterError):
    """A checkpoint is absent, damaged, or not the one that the catalog describes."""


class StatsError(AvmeterError, ValueError):
    """A statistic is not defined for these numbers."""


class SkipError(AvmeterError):
    """One clip cannot be measured. The engine records it by name and goes on.

    Its hint is that of the code, where none is given.
    """

    def __init__(self, code: SkipCode, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint or code.hint)
        self.code = code


class MediaError(SkipError):
    """A media file cannot be used for what was asked of it."""
