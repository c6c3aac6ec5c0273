"""Videos for sound that was written without one: those of the references, as video-to-audio harnesses do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from avmeter.manifest.sample_list import SampleList
from avmeter.media.extensions import VIDEO_EXTENSIONS


def with_reference_videos(samples: SampleList) -> tuple[SampleList, int]:
    """Give generated sound the video of its reference, where it has none and the reference is a video file.

    Args:
        samples: Dicts.

    Returns:
        The samples, and how many of them got a video.
    """
    rows = [_with_reference_video(sample) for sample in samples]
    num_given = sum("video" in row and "video" not in sample for row, sample in zip(rows, samples, strict=True))
    return SampleList(rows, pairing=samples.pairing), num_given


def _with_reference_video(sample: Mapping[str, Any]) -> dict[str, Any]:
    reference = sample.get("reference")
    has_none = sample.get("audio") is not None and sample.get("video") is None and sample.get("video_path") is None
    if has_none and sample.get("role", "generated") == "generated" and _is_video(reference):
        return {**sample, "video": reference}
    return dict(sample)


def _is_video(value: Any) -> bool:
    return isinstance(value, str | PurePath) and PurePath(value).suffix.lower() in VIDEO_EXTENSIONS
