"""The worst clips of results, as files that browsers play."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from avmeter.errors import SkipError
from avmeter.media import AudioSpec, open_media
from avmeter.media.arrays import frames_from_array
from avmeter.media.write import write_clip, write_wav
from avmeter.run import EvalResults
from avmeter.sample import MediaSource, Sample
from avmeter.training.trackers import ClipFile, ClipKind

_PLAYED = (".mp4", ".webm", ".gif")
_MAX_DURATION_S = 30.0
_MAX_CAPTION = 300  # characters
_DEFAULT_FPS = 24.0


@dataclass(frozen=True, kw_only=True)
class WorstClip:
    """A clip that a metric has put at the end.

    Attributes:
        name: `METRIC/worst/RANK`, the same at every step.
        caption: Its id, its score, its prompt.
        position: Of the sample in the results.
    """

    name: str
    caption: str
    position: int


def worst_clips(results: EvalResults, count: int) -> list[WorstClip]:
    """Return the clips with the worst scores of each metric that knows a better end, the worst of all before others.

    Args:
        results: Of a run.
        count: How many of each metric, at most.
    """
    found = []
    for name in results.metric_names:
        sign = {"higher": 1.0, "lower": -1.0}.get(results.fact(name, "direction"), 0.0)
        scores = {i: row[name].score for i, row in enumerate(results) if name in row and row[name].score is not None}
        in_order = sorted(scores, key=lambda i: sign * (scores[i] or 0.0)) if sign else []
        for rank, position in enumerate(in_order[:count]):
            caption = _caption(results, name, position)
            found.append(WorstClip(name=f"{name}/worst/{rank}", caption=caption, position=position))
    return found


def write_clip_file(
    clip: WorstClip, sample: Sample, folder: Path, *, kinds: Collection[ClipKind], prefix: str = ""
) -> ClipFile | str:
    """Return a clip as a file of a kind that a tracker shows, or a sentence why there is none.

    Args:
        clip: Which one.
        sample: With its media.
        folder: For files that have to be written: sound, and frames in memory; of the first 30 s.
        kinds: What the tracker shows; video before sound.
        prefix: In front of the name.
    """
    target = folder / clip.name.replace("/", "_")
    try:
        path = _video_file(sample, target) if ClipKind.VIDEO in kinds else None
        kind = ClipKind.VIDEO if path is not None else ClipKind.AUDIO
        if path is None and ClipKind.AUDIO in kinds:
            path = _audio_file(sample, target)
    except (SkipError, OSError, ValueError) as error:
        return f"{sample.id}: {error}"
    if path is None:
        return f"{sample.id}: there is nothing of it here that could be shown"
    return ClipFile(name=f"{prefix}{clip.name}", caption=clip.caption, path=path, kind=kind)


def _caption(results: EvalResults, metric: str, position: int) -> str:
    score = results[position][metric].score
    parts = [results.sample_ids[position], f"{metric} {score:.4g}"]
    prompt = results.samples[position].text("text_prompt") if results.samples else None
    text = " · ".join([*parts, *([str(prompt)] if prompt else [])])
    return text if len(text) <= _MAX_CAPTION else f"{text[:_MAX_CAPTION]}..."


def _video_file(sample: Sample, target: Path) -> Path | None:
    source = sample.media.get("video")
    if source is None:
        return None
    if source.path is not None and source.path.is_file() and source.path.suffix.lower() in _PLAYED:
        return source.path
    if source.frames is None:
        return None
    fps = source.fps or sample.fps or _DEFAULT_FPS
    frames = _even_bytes(frames_from_array(source.frames, sample.id)[: math.ceil(fps * _MAX_DURATION_S)])
    sound = sample.source("audio")
    samples, rate = _decode(sound) if sound is not None else (None, 48_000)
    return write_clip(target.with_suffix(".mp4"), frames, fps=fps, samples=samples, sample_rate=rate)


def _audio_file(sample: Sample, target: Path) -> Path | None:
    source = sample.source("audio")
    if source is None:
        return None
    samples, rate = _decode(source)
    return write_wav(target.with_suffix(".wav"), samples, rate)


def _decode(source: MediaSource) -> tuple[np.ndarray, int]:
    """Return the sound (1, N) of a clip, on the clock of its video, and its rate."""
    spec = AudioSpec(clock="video", max_duration_s=_MAX_DURATION_S)
    with open_media(source) as item:
        return np.asarray(item.audio(spec))[None], int(item.audio_facts.sample_rate)


def _even_bytes(frames: np.ndarray) -> Sequence[np.ndarray]:
    """Return frames (H, W, 3) of bytes, cut to even sizes, which H.264 needs."""
    height, width = (n - n % 2 for n in frames.shape[1:3])
    cut = frames[:, :height, :width]
    return list(cut if cut.dtype == np.uint8 else np.clip(np.rint(cut * 255.0), 0, 255).astype(np.uint8))
