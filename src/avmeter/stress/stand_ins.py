"""Clips in the place of those of a set: its references, sounds exchanged between clips, noise and silence."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from avmeter.errors import SkipError
from avmeter.files import add_to_list
from avmeter.media import AudioSpec, MediaLimits, open_media
from avmeter.media.write import write_audio
from avmeter.sample import MediaSource, Sample


def make_stand_ins(
    anchor: str, clips: Sequence[Sample], folder: Path, *, seed: int, limits: MediaLimits
) -> list[Sample | None]:
    """Return what stands in for each clip under an anchor; None where there is nothing.

    Args:
        anchor: "truth", "shuffled", "noise" or "silence".
        clips: The set.
        folder: Where noise and silence are written.
        seed: Of the noise and of the pairing.
        limits: What a clip may unfold to.
    """
    if anchor == "truth":
        return [_truth(clip) for clip in clips]
    if anchor == "shuffled":
        return _shuffled(clips, seed)
    make: Callable[[np.ndarray, np.random.Generator], np.ndarray] = _noise if anchor == "noise" else _nothing
    return [_instead(clip, anchor, make, folder, seed=seed + i, limits=limits) for i, clip in enumerate(clips)]


def _truth(clip: Sample) -> Sample | None:
    audio, video = clip.source("reference_audio"), clip.media.get("reference") or clip.media.get("video")
    if audio is None:
        return None
    return _with_media(clip, {"audio": audio, **({"video": video} if video else {})})


def _shuffled(clips: Sequence[Sample], seed: int) -> list[Sample | None]:
    """Pair every clip with the audio of another: a random cycle through the set, so that none keeps its own."""
    if len(clips) < 2:
        return [None] * len(clips)
    order = np.random.default_rng(seed).permutation(len(clips))
    donors = dict(zip(order.tolist(), np.roll(order, 1).tolist(), strict=True))
    return [_with_audio(clip, clips[donors[i]].source("audio")) for i, clip in enumerate(clips)]


def _instead(
    clip: Sample,
    anchor: str,
    make: Callable[[np.ndarray, np.random.Generator], np.ndarray],
    folder: Path,
    *,
    seed: int,
    limits: MediaLimits,
) -> Sample | None:
    source = clip.source("audio")
    if source is None:
        return None
    try:
        with open_media(source, limits=limits) as item:
            wave = np.asarray(item.audio(AudioSpec(sample_rate=None))[:], np.float32)
            rate = item.audio_facts.sample_rate
    except SkipError:
        return None
    mark = hashlib.sha256(clip.id.encode()).hexdigest()[:16]
    path = write_audio(
        add_to_list(folder / f"{anchor}-{mark}.flac"), make(wave, np.random.default_rng(seed))[None], rate
    )
    return _with_audio(clip, MediaSource(path=path))


def _noise(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    level = float(np.sqrt(np.mean(np.square(wave, dtype=np.float64)))) or 0.05
    return (rng.standard_normal(len(wave)) * level).astype(np.float32)


def _nothing(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.zeros_like(wave)


def _with_audio(clip: Sample, audio: MediaSource | None) -> Sample | None:
    return None if audio is None else _with_media(clip, {**clip.media, "audio": audio})


def _with_media(clip: Sample, media: Mapping[str, MediaSource]) -> Sample:
    sides = {k: v for k, v in clip.media.items() if k.startswith("reference")}
    return Sample(id=clip.id, media={**sides, **media}, texts=clip.texts, fps=clip.fps, extras=clip.extras)


def changed_fields(clips: Sequence[Sample], stand_ins: Sequence[Sample | None]) -> frozenset[str]:
    """Return the media fields in which any clip differs from what stands in for it."""
    return frozenset(
        field
        for clip, other in zip(clips, stand_ins, strict=True)
        if other is not None
        for field in clip.media.keys() | other.media.keys()
        if clip.media.get(field) is not other.media.get(field)
    )
