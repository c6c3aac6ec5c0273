"""The sound track of a video as a file of its own. No metric needs it: all of them read the video."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from avmeter.errors import UsageError
from avmeter.media import AudioSpec, MediaItem
from avmeter.media.write import write_wav

_CODEC = "pcm_s16le"


class NoAudioStreamError(UsageError):
    """The video has no sound track."""


def extract_audio_track(
    video_path: str | os.PathLike[str],
    *,
    output_dir: str | os.PathLike[str],
    sample_rate: int | None = None,
    codec: str = _CODEC,
) -> Path:
    """Write the sound track of a video as `NAME.wav`, 16 bit, unless the file is there already; return its path.

    Args:
        video_path: The video.
        output_dir: Folder to write to; made if need be.
        sample_rate: Hz; None for the rate of the track.
        codec: "pcm_s16le".

    Raises:
        NoAudioStreamError: It has no sound track.
        UsageError: Another codec.
        MediaError: It cannot be decoded.
    """
    if codec != _CODEC:
        raise UsageError(f"codec={codec!r}", hint=f'use "{_CODEC}"')
    target = (Path(output_dir) / f"{Path(video_path).stem}.wav").resolve()
    if target.exists():
        return target
    with MediaItem.open(Path(video_path)) as item:
        if not item.has_audio:
            raise NoAudioStreamError(f"{video_path}: no audio track")
        samples = np.atleast_2d(item.audio(AudioSpec(sample_rate=sample_rate, mixdown="none"))[:])
        rate = sample_rate or item.audio_facts.sample_rate
    target.parent.mkdir(parents=True, exist_ok=True)
    return write_wav(target, samples, rate)
