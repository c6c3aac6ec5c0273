"""Variants as files and texts.

Damaged audio is written losslessly beside the untouched video, whose packets are copied; damaged video is encoded anew
beside copied audio. A clip without video becomes FLAC. Nothing is written beside the source.
"""

from __future__ import annotations

import errno
import hashlib
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from avmeter.engine.failures import INTERRUPTED, never
from avmeter.errors import MediaError, SkipCode
from avmeter.files import add_to_list
from avmeter.media import DEFAULT_LIMITS, AudioSpec, FrameRequest, MediaItem, MediaLimits
from avmeter.media.write import (
    MAX_CHANNELS,
    USUAL_CRF,
    fits_mp4,
    keeps_channels_in_mp4,
    replace_audio,
    write_audio,
    write_clip,
    write_video,
)
from avmeter.stress import audio, text, video
from avmeter.stress.variants import Variant

_STEM_BYTES = 80
_FOLDER_FAILED = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.ENOENT, errno.EIO})
_ENCODE_HINT = "convert the clip to usual sizes and rates"
_NATIVE = AudioSpec(sample_rate=None, mixdown="none")


@dataclass(frozen=True, kw_only=True)
class VariantClip:
    """A variant of one clip.

    Attributes:
        path: The clip to be measured.
        note: What was changed, as a sentence.
        texts: Fields of the sample that were changed.
    """

    path: Path
    note: str
    texts: Mapping[str, str] = field(default_factory=dict)


def build_variant(
    variant: Variant,
    source: Path,
    folder: Path,
    *,
    texts: Mapping[str, object] | None = None,
    other: Path | None = None,
    seed: int = 0,
    limits: MediaLimits = DEFAULT_LIMITS,
    should_stop: Callable[[], bool] = never,
) -> VariantClip:
    """Build a variant of `source`; files go into `folder`. The same seed gives the same damage.

    Args:
        variant: The damage and its dose.
        source: The clip; never written to.
        folder: Existing folder for the variants.
        texts: Text fields of the clip's sample.
        other: Clip whose sound replaces this one's ("unrelated", "exchanged").
        seed: Seed of random damage.
        limits: What a clip may unfold to.
        should_stop: Called before each frame of a damaged video.

    Raises:
        MediaError: The clip cannot be decoded, or lacks what is to be damaged; or the run was asked to stop.
    """
    if variant.kind == "original":
        return VariantClip(path=source, note=variant.note)
    rng = np.random.default_rng([seed, zlib.crc32(variant.slug.encode())])
    if variant.kind == "text":
        return _wrong_text(variant, source, texts or {}, rng)
    target = _target(folder, source, variant)
    try:
        with MediaItem.open(source, limits=limits) as item:
            if variant.kind == "video":
                path = _damaged_video(variant, item, source, target, rng=rng, should_stop=should_stop)
                return VariantClip(path=path, note=variant.note)
            return _damaged_audio(variant, item, source, target, other=other, limits=limits, rng=rng)
    except av.FFmpegError as error:
        if error.errno in _FOLDER_FAILED:
            raise
        raise MediaError(
            SkipCode.UNSUPPORTED, f"{source}: {variant.label} cannot be encoded ({error})", hint=_ENCODE_HINT
        ) from error


def _wrong_text(variant: Variant, source: Path, texts: Mapping[str, object], rng: np.random.Generator) -> VariantClip:
    damage = text.DAMAGES[variant.name]
    original = texts.get(damage.field)
    if not isinstance(original, str) or not original.strip():
        raise MediaError(SkipCode.MISSING_INPUT, f"{source}: no `{damage.field}` to change")
    changed = damage.apply(original, variant.dose or 0.0, rng)
    return VariantClip(path=source, note=f"{variant.note}: {changed}", texts={damage.field: changed})


def _damaged_audio(
    variant: Variant,
    item: MediaItem,
    source: Path,
    target: Path,
    *,
    other: Path | None,
    limits: MediaLimits,
    rng: np.random.Generator,
) -> VariantClip:
    facts = item.audio_facts
    rate, num_channels = facts.sample_rate, facts.num_channels
    if num_channels > MAX_CHANNELS:
        raise MediaError(
            SkipCode.UNSUPPORTED,
            f"{source}: {num_channels} channels, and damaged audio is written as FLAC, which takes {MAX_CHANNELS}",
            hint="mix the clip down",
        )
    before = np.asarray(item.audio(_NATIVE)[:, :], np.float32)
    if variant.name in audio.DAMAGES:
        samples = audio.DAMAGES[variant.name].apply(before, rate, variant.dose or 0.0, rng)
    else:
        samples = _audio_of(other, source, before.shape, rate, limits)
    over = int(np.count_nonzero(np.abs(samples) > 1.0))
    note = variant.note if not over else f"{variant.note}; {over} samples clipped at full scale"
    if not item.has_video:
        path = write_audio(_with_suffix(target, ".flac"), samples, rate, channels=facts.layout)
        return VariantClip(path=path, note=note)
    path = replace_audio(
        _with_suffix(target, ".mp4" if keeps_channels_in_mp4(num_channels, facts.layout) else ".mkv"),
        source,
        samples=samples,
        sample_rate=rate,
        channels=facts.layout,
        start_s=float(facts.start_s),
    )
    return VariantClip(path=path, note=note)


def _audio_of(
    other: Path | None, source: Path, shape: tuple[int, ...], rate: int, limits: MediaLimits
) -> npt.NDArray[np.float32]:
    """Return the audio (C, N) of another clip, from its start, repeated to `shape`."""
    if other is None:
        raise MediaError(SkipCode.MISSING_INPUT, f"{source}: there is no other clip whose sound could replace its own")
    with MediaItem.open(other, limits=limits) as donor:
        waveform = np.asarray(donor.audio(AudioSpec(sample_rate=rate))[:], np.float32)
    return np.repeat(np.resize(waveform, shape[1])[None], shape[0], axis=0)


def _damaged_video(
    variant: Variant,
    item: MediaItem,
    source: Path,
    target: Path,
    *,
    rng: np.random.Generator,
    should_stop: Callable[[], bool],
) -> Path:
    damage, dose = video.DAMAGES[variant.name], variant.dose or 0.0
    times_s = np.asarray(item.frame_times, np.float64)
    order = np.arange(len(times_s)) if damage.order is None else damage.order(len(times_s), dose, rng)
    fps = len(times_s) / item.video_duration_s * damage.fps_factor
    times_s = times_s / damage.fps_factor
    shown = _shown(item, order)
    if damage.change is not None:
        change = damage.change
        shown = (change(frame, dose, rng) for frame in shown)
    shown = _until_stopped(shown, should_stop)
    crf = dose if damage.is_encoding else USUAL_CRF
    if not item.has_audio:
        return write_clip(_with_suffix(target, ".mp4"), shown, fps=fps, times_s=times_s, crf=crf)
    start_s = float(item.audio_facts.start_s)
    path = _with_suffix(target, ".mp4" if fits_mp4(source) else ".mkv")
    return write_video(path, shown, fps=fps, times_s=times_s, audio_of=source, start_s=start_s, crf=crf)


def _shown(item: MediaItem, order: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield frames (H, W, 3) in the new order, cropped to an even size."""
    request = FrameRequest(indices=tuple(int(i) for i in order), resize=None, crop=None, output="uint8")
    frames = item.frames(request)
    for i in range(len(frames)):
        frame = np.moveaxis(np.asarray(frames[i]), 0, -1)
        height, width = (n - n % 2 for n in frame.shape[:2])
        yield np.ascontiguousarray(frame[:height, :width])


def _until_stopped(
    frames: Iterator[npt.NDArray[np.uint8]], should_stop: Callable[[], bool]
) -> Iterator[npt.NDArray[np.uint8]]:
    for frame in frames:
        if should_stop():
            raise MediaError(INTERRUPTED.code, INTERRUPTED.reason, hint=INTERRUPTED.hint)
        yield frame


def _target(folder: Path, source: Path, variant: Variant) -> Path:
    """Return the path of a variant without its suffix; two clips of one stem in two folders are two clips."""
    mark = hashlib.sha256(os.fsencode(source.resolve())).hexdigest()[:6]
    # File systems count bytes, and cut through a character there would be no name.
    stem = os.fsencode(source.stem)[:_STEM_BYTES].decode("utf-8", "ignore")
    return folder / f"{stem}-{mark}--{variant.slug}"


def _with_suffix(target: Path, suffix: str) -> Path:
    return add_to_list(target.with_name(f"{target.name}{suffix}"))
