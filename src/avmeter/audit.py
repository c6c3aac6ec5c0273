"""Pre-flight check of a dataset: what would be skipped, and what would mislead a metric."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from avmeter.errors import SkipCode, SkipError
from avmeter.features.signal.loudness import sound_health
from avmeter.media import AudioSpec, FrameRequest, MediaItem, MediaLimits, Resize, is_still, media_key, open_media
from avmeter.sample import MediaSource

_SILENT_SHARE = 0.99  # of the clip's duration
_CLIPPED_SHARE = 1e-4  # of the samples
_BAND_LIMITED = 0.6  # of the Nyquist frequency
_SHORT_S = 1.0
_LATE_S = 0.04
_STILL_FRAMES = 24  # how many frames are compared


@dataclass(frozen=True, kw_only=True)
class ClipAudit:
    """Findings on one clip: where it is, problems as (code, sentence), and the measurements behind them."""

    path: str
    problems: tuple[tuple[str, str], ...]
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SetAudit:
    """Findings on every clip, and on the set as a whole as (code, sentence)."""

    clips: tuple[ClipAudit, ...]
    notes: tuple[tuple[str, str], ...]


def audit(
    clips: Sequence[Path | MediaSource],
    *,
    threads: int = 2,
    progress: Callable[[int, int], None] | None = None,
    limits: Mapping[str, float] | None = None,
) -> SetAudit:
    """Decode every clip once and report silent, clipped, band-limited, duplicate, short and still ones.

    Args:
        clips: Media files, or sources that may lie at URLs, in shards and in tables.
        threads: How many clips are decoded at a time.
        progress: Called with (clips done, clips in all).
        limits: What a clip may unfold to, where it differs from the defaults.
    """
    sources = [clip if isinstance(clip, MediaSource) else MediaSource(path=clip) for clip in clips]
    found: list[ClipAudit] = []
    with ThreadPoolExecutor(threads) as pool:
        for clip in pool.map(functools.partial(_audit_clip, limits=MediaLimits.parse(limits)), sources):
            found.append(clip)
            if progress is not None:
                progress(len(found), len(sources))
    return SetAudit(clips=tuple(found), notes=tuple(_set_notes(found)))


def _audit_clip(source: MediaSource, *, limits: MediaLimits) -> ClipAudit:
    facts: dict[str, Any] = {}
    problems: list[tuple[str, str]] = []
    try:
        facts["key"] = media_key(source)
        with open_media(source, limits=limits) as item:
            if item.has_audio:
                problems.extend(_check_audio(item, facts))
            else:
                problems.append(_missing_audio(item))
            if item.has_video:
                problems.extend(_check_video(item, facts))
    except SkipError as error:
        problems.append((str(error.code), error.message))
    return ClipAudit(path=str(source), problems=tuple(problems), facts=facts)


def _missing_audio(item: MediaItem) -> tuple[str, str]:
    if "audio" in item.info.undecodable:
        return str(SkipCode.NO_DECODER), "no decoder for the codec of its audio track"
    return str(SkipCode.NO_AUDIO_TRACK), "no audio track"


def _check_audio(item: MediaItem, facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    samples = item.audio(AudioSpec(sample_rate=None, mixdown="none"))
    track = item.audio_facts
    health = sound_health(samples, track.sample_rate)
    facts.update(health, sample_rate=track.sample_rate, duration_s=track.duration_s, num_channels=track.num_channels)
    silence, bandwidth = health["silence_share"], health["bandwidth_hz"]
    if silence is not None and silence > _SILENT_SHARE:
        yield "silent", f"{silence:.0%} of the sound is below -60 dBFS"
    if (health["clipping_share"] or 0) > _CLIPPED_SHARE:
        yield "clipped", f"{health['clipping_share']:.2%} of the samples are clipped"
    if track.num_over_full_scale:
        yield "over_full_scale", f"{track.num_over_full_scale} samples are beyond full scale"
    if bandwidth is not None and bandwidth < _BAND_LIMITED * track.sample_rate / 2:
        yield "band_limited", f"nothing above {bandwidth / 1000:.1f} kHz at {track.sample_rate / 1000:g} kHz"
    if track.phase_cancelled:
        yield "phase_cancelled", "left and right cancel each other in mono"
    if track.duration_s < _SHORT_S:
        yield "too_short", f"{track.duration_s:.2f} s of sound"
    if track.header_duration_mismatch:
        yield "header_duration_mismatch", f"header says {track.header_duration_s} s, decoded {track.duration_s:.2f} s"
    if abs(track.start_s) > _LATE_S and item.has_video:
        yield "late_stream", f"the sound starts {track.start_s:+.3f} s into the clip"


def _check_video(item: MediaItem, facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    times = item.frame_times
    facts.update(num_frames=len(times), picture_duration_s=item.video_duration_s)
    chosen = np.unique(np.linspace(0, len(times) - 1, _STILL_FRAMES).astype(int))
    request = FrameRequest(
        indices=tuple(int(i) for i in chosen),
        resize=Resize(short_side=64, interpolation="bilinear", antialias=True),
        output="uint8",
    )
    if is_still(item.frames(request)):
        yield "still_picture", "the video never changes"
    audio_s = facts.get("duration_s")
    if audio_s is not None and abs(audio_s - item.video_duration_s) > max(0.1, 0.05 * item.video_duration_s):
        yield "unequal_durations", f"audio lasts {audio_s:.2f} s, the video {item.video_duration_s:.2f} s"


def _set_notes(clips: Sequence[ClipAudit]) -> Iterator[tuple[str, str]]:
    by_key: dict[str, list[str]] = {}
    for clip in clips:
        if "key" in clip.facts:
            by_key.setdefault(clip.facts["key"], []).append(clip.path)
    for paths in by_key.values():
        if len(paths) > 1:
            yield "duplicates", f"equal bytes: {', '.join(paths)}"
    rates = Counter(c.facts["sample_rate"] for c in clips if "sample_rate" in c.facts)
    if len(rates) > 1:
        yield "mixed_rates", ", ".join(f"{n} clips at {r / 1000:g} kHz" for r, n in rates.most_common())
    durations = [c.facts["duration_s"] for c in clips if "duration_s" in c.facts]
    if durations and max(durations) > 1.5 * min(durations):
        yield "mixed_durations", f"from {min(durations):.2f} to {max(durations):.2f} s of sound"
