"""Read whatever callers have as a medium.

    value                                              audio    video
    path                                               yes      yes; a folder of frame images with `fps`
    URL, `StoredFile`                                  yes      yes; see `avmeter.sources`
    bytes, file object (opened for reading bytes)      yes      yes
    {"bytes": ..., "path": ...}                        yes      yes      undecoded rows of Hugging Face data sets
    {"array": ..., "sampling_rate": ...}               yes               decoded ones
    {"waveform": ..., "sample_rate": ...}              yes
    (samples, sample_rate), (sample_rate, samples)     yes
    samples, with `sample_rate` in the sample          yes
    {"frames": ..., "fps": ...}, (frames, fps)                  yes
    frames or a list of frames, with `fps`                      yes
    (frames, samples, {"video_fps", "audio_fps"})               yes      torchvision's `read_video`
    decoders with `get_all_samples` or `metadata.average_fps`   yes      torchcodec, and decoded Hugging Face rows
    `Video`, `MediaSource`                             yes      yes

Samples and frames are arrays, tensors or lists of any kind that `as_array` takes; frames may be PIL images. Shapes and
dtypes are judged when a clip is opened (`media.arrays`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from avmeter.errors import UsageError
from avmeter.files import SCHEMES, Url, as_location
from avmeter.plain import described, kind_of, shown
from avmeter.sample.access import DEFAULT_ACCESS, RemoteAccess
from avmeter.sample.source import MediaSource
from avmeter.sample.stored import StoredFile

_SAMPLE_KEYS = ("array", "waveform", "samples")
_SAMPLE_RATE_KEYS = ("sampling_rate", "sample_rate")
_NUMPY_FLOATS = frozenset(("torch.float16", "torch.float32", "torch.float64"))
_ARRAY_HINT = "give a path, bytes, or an array or tensor of numbers"
_AUDIO_HINT = "give a path, bytes, or (samples, sample_rate)"
_IMAGES_HINT = "give the folder of the images with `fps`, or decode them: arrays (H, W, 3), or PIL images"
_VIDEO_HINT = "give a path, bytes, or frames (T, C, H, W) with fps"


class UnreadableError(UsageError):
    """A value that is no medium; its message is a noun, which the sample's field goes before."""


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Rates that the sample states for arrays, the audio track of files, and how URLs may be fetched."""

    fps: float | None = None
    sample_rate: float | None = None
    audio_stream: int | None = None
    access: RemoteAccess = DEFAULT_ACCESS


def read_medium(value: Any, *, is_audio: bool, rates: Rates) -> MediaSource:
    """Return the source behind a value.

    Args:
        value: See above.
        is_audio: Whether it stands in a field for audio; else in one for video.
        rates: Of the sample.

    Raises:
        UnreadableError: The value is none of these.
    """
    try:
        source = _from_container(value, rates) or (_from_audio(value, rates) if is_audio else _from_video(value, rates))
    except UnreadableError:
        raise
    except Exception as error:  # decoders and other foreign objects may raise anything
        raise UnreadableError(f"a {kind_of(value)} that fails ({described(error)})", hint=_ARRAY_HINT) from error
    if source.stored is not None and source.access is DEFAULT_ACCESS:
        source = replace(source, access=rates.access)
    if rates.audio_stream is None or source.audio_stream is not None:
        return source
    return replace(source, audio_stream=rates.audio_stream)


def as_array(value: Any) -> np.ndarray:
    """Return an array, tensor or nested list as an array that NumPy can compute with; bfloat16 becomes float32.

    Raises:
        UnreadableError: It holds no numbers, or parts of different shapes.
    """
    try:
        if hasattr(value, "detach"):
            value = value.detach().cpu()
            # NumPy has no bfloat16 and no 8-bit floats; float32 holds all their values.
            is_foreign = value.dtype.is_floating_point and str(value.dtype) not in _NUMPY_FLOATS
            value = (value.float() if is_foreign else value).numpy(force=True)  # also views that are negated lazily
        if isinstance(value, list | tuple) and any(hasattr(v, "detach") for v in value):
            value = np.stack([as_array(v) for v in value])
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UnreadableError(f"a {type(value).__name__} that is no array ({error})", hint=_ARRAY_HINT) from error
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise UnreadableError("an array with masked values, which are unknown", hint="cut them out, or fill them in")
    if array.dtype.kind == "V" and "float" in array.dtype.name:  # of the package ml_dtypes
        array = array.astype(np.float32)
    if array.dtype.kind not in "fiu":
        raise UnreadableError(f"an array of dtype {array.dtype.name}, not of numbers", hint=_ARRAY_HINT)
    return array


def as_frames(value: Any) -> np.ndarray:
    """Return frames as one array; a list of arrays, tensors or PIL images is stacked.

    Raises:
        UnreadableError: It holds no numbers, or frames of different shapes.
    """
    if isinstance(value, list | tuple) and value and all(_is_encoded_image(v) for v in value):
        raise UnreadableError(f"a list of {len(value)} images that are not decoded", hint=_IMAGES_HINT)
    if not isinstance(value, Sequence) or not len(value) or np.isscalar(value[0]):
        return as_array(value)
    frames = [np.asarray(f.convert("RGB")) if hasattr(f, "convert") else as_array(f) for f in value]
    shapes = list(dict.fromkeys(f.shape for f in frames))
    if len(shapes) > 1:
        raise UnreadableError(f"a list of frames of shapes {shapes[0]} and {shapes[1]}", hint="give frames of one size")
    return np.stack(frames)


def _is_encoded_image(value: Any) -> bool:
    """True for a path, bytes, an open file, or an undecoded row of a Hugging Face data set."""
    is_row = isinstance(value, Mapping) and bool({"bytes", "path"} & value.keys())
    is_decoded = hasattr(value, "convert")  # a PIL image may also be a lazy file
    return is_row or isinstance(value, str | bytes | os.PathLike) or (is_file_object(value) and not is_decoded)


def read_bytes(file: Any) -> bytes:
    """Return all bytes of a file object, whose position stays where it is if it can be moved.

    Raises:
        UnreadableError: It is closed, or gives text.
    """
    try:
        if file.seekable():
            position = file.tell()
            file.seek(0)
            data = file.read()
            file.seek(position)
        else:
            data = file.read()
    except (OSError, ValueError, AttributeError) as error:
        raise UnreadableError(
            f"a {type(file).__name__} that cannot be read ({error})", hint="open it with 'rb'"
        ) from error
    if not isinstance(data, bytes | bytearray | memoryview):
        raise UnreadableError(f"a {type(file).__name__} that gives {type(data).__name__}", hint="open it with 'rb'")
    return bytes(data)


def is_file_object(value: Any) -> bool:
    """Return whether a value is read like an open file."""
    return callable(getattr(value, "read", None))


def _from_container(value: Any, rates: Rates) -> MediaSource | None:
    """Return the source of a value that is or holds a whole file; None for decoded values."""
    if isinstance(value, str | os.PathLike):
        if not str(value).strip():
            raise UnreadableError("an empty path", hint="leave it out, or give a path")
        return _from_place(value, rates.fps)
    encoded = getattr(value, "_hf_encoded", None)  # what decoders in rows of data sets were made from
    if isinstance(encoded, Mapping) and (encoded.get("bytes") or os.path.isfile(encoded.get("path") or "")):  # noqa: PTH113
        value = encoded
    if isinstance(value, MediaSource):
        return value
    if isinstance(value, StoredFile):
        return MediaSource(stored=value)
    if isinstance(value, Url):
        return _from_url(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return MediaSource(data=bytes(value))
    if is_file_object(value):
        return MediaSource(data=read_bytes(value), label=os.path.basename(str(getattr(value, "name", ""))))  # noqa: PTH119
    if hasattr(value, "source") and hasattr(value, "frames"):  # a `Video`, or a handle like it
        return _from_handle(value, rates)
    if isinstance(value, Mapping) and {"bytes", "path"} & value.keys() and not set(_SAMPLE_KEYS) & value.keys():
        return _from_row(value, rates)
    return None


def _from_place(value: str | os.PathLike[str], fps: float | None) -> MediaSource:
    place = as_location(value)
    return _from_url(place) if isinstance(place, Url) else MediaSource(path=place, fps=fps)


def _from_url(url: Url) -> MediaSource:
    if url.scheme not in SCHEMES:
        raise UnreadableError(f"a URL, {url}, of a kind that is not read", hint=f"read are {', '.join(SCHEMES)}")
    return MediaSource(stored=StoredFile(place=url))


def _from_handle(video: Any, rates: Rates) -> MediaSource:
    if video.frames is None and video.source is not None:
        return _from_place(video.source, video.fps or rates.fps)
    return MediaSource(
        frames=None if video.frames is None else as_frames(video.frames),
        fps=video.fps or rates.fps,
        samples=None if video.audio is None else as_array(video.audio),
        sample_rate=video.audio_sr,
    )


def _from_row(row: Mapping[str, Any], rates: Rates) -> MediaSource:
    """Return the source of a row's bytes; where there are none, of its path."""
    if row.get("bytes") is not None:
        return MediaSource(data=bytes(row["bytes"]), label=str(row.get("path") or ""))
    if not row.get("path"):
        raise UnreadableError("a row with neither bytes nor a path", hint="load the data set with its files")
    return _from_place(row["path"], rates.fps)


def _from_audio(value: Any, rates: Rates) -> MediaSource:
    if hasattr(value, "get_all_samples"):
        decoded = value.get_all_samples()
        return MediaSource(samples=as_array(decoded.data), sample_rate=decoded.sample_rate)
    samples, sample_rate = value, rates.sample_rate
    if isinstance(value, Mapping):
        samples, sample_rate = _first_of(value, _SAMPLE_KEYS), _first_of(value, _SAMPLE_RATE_KEYS) or sample_rate
        if samples is None:
            raise UnreadableError(f"a dict with the keys {', '.join(map(str, value))}", hint=_AUDIO_HINT)
    elif isinstance(value, tuple) and len(value) == 2 and (position := _rate_position(value)) is not None:
        samples, sample_rate = value[1 - position], value[position]
    if _is_number(samples):
        raise UnreadableError(f"a {type(samples).__name__}, not a medium", hint=_AUDIO_HINT)
    array = as_array(samples)
    if sample_rate is None:
        raise UnreadableError(
            f"an array of shape {array.shape} without a rate", hint="give (array, sample_rate), or `sample_rate`"
        )
    return MediaSource(samples=array, sample_rate=_positive(sample_rate, "sample_rate"))


def _from_video(value: Any, rates: Rates) -> MediaSource:
    if hasattr(value, "metadata") and hasattr(value.metadata, "average_fps"):
        return MediaSource(frames=as_array(value[:]), fps=float(value.metadata.average_fps))
    if isinstance(value, Mapping):
        if "frames" not in value:
            raise UnreadableError(f"a dict with the keys {', '.join(map(str, value))}", hint=_VIDEO_HINT)
        return MediaSource(frames=as_frames(value["frames"]), fps=_fps(value.get("fps"), rates))
    if isinstance(value, tuple) and len(value) == 3 and isinstance(value[2], Mapping):
        frames, samples, info = value
        has_audio = "audio_fps" in info and as_array(samples).size > 0
        return MediaSource(
            frames=as_frames(frames),
            fps=_fps(info.get("video_fps"), rates),
            samples=as_array(samples) if has_audio else None,
            sample_rate=_positive(info["audio_fps"], "audio_fps") if has_audio else None,
        )
    if isinstance(value, tuple) and len(value) == 2 and _is_rate(value[1]):
        return MediaSource(frames=as_frames(value[0]), fps=_positive(value[1], "fps"))
    if _is_number(value):
        raise UnreadableError(f"a {type(value).__name__}, not a medium", hint=_VIDEO_HINT)
    return MediaSource(frames=as_frames(value), fps=rates.fps)


def _fps(own: Any, rates: Rates) -> float | None:
    return rates.fps if own is None else _positive(own, "fps")


def _first_of(row: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((row[k] for k in keys if row.get(k) is not None), None)


def _is_number(value: Any) -> bool:
    """True for a number, also one of NumPy or in a tensor without axes."""
    if isinstance(value, str | bytes):
        return False
    return np.isscalar(value) or isinstance(value, Fraction) or getattr(value, "shape", None) == ()


def _is_rate(value: Any) -> bool:
    """Return whether a value stands for a rate: a number, also a wrong one, one written as text, or alone in an array.

    Loaders that form batches put rates into arrays of one.
    """
    if _is_number(value) or getattr(value, "shape", None) == (1,):
        return True
    return isinstance(value, str) and positive_number(value) is not None


def _rate_position(pair: tuple[Any, Any]) -> int | None:
    """Return which of two values is the rate; None if neither or both are. A number is, rather than an array of one."""
    found = [i for i in (0, 1) if _is_rate(pair[i])]
    if len(found) > 1:
        found = [i for i in found if getattr(pair[i], "shape", ()) == ()]
    return found[0] if len(found) == 1 else None


def _positive(value: Any, name: str) -> float:
    number = positive_number(value)
    if number is None:
        raise UnreadableError(f"an array with {name} {shown(value)}, not a positive number", hint=f"give the {name}")
    return int(number) if number.is_integer() else number


def positive_number(value: Any) -> float | None:
    """Return a number above 0, also one written as text (`24`, `30000/1001`) or alone in an array; else None."""
    if value is None:
        return None
    try:
        if getattr(value, "shape", None) == (1,):
            value = value[0]
        is_ratio = isinstance(value, str) and "/" in value
        number = float(Fraction(value.replace(" ", "")) if is_ratio else value)
    except Exception:  # noqa: BLE001 - objects of others may raise anything
        return None
    return number if 0 < number < float("inf") else None
