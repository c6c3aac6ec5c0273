"""Rendered clips to measure with."""

from __future__ import annotations

from pathlib import Path

from avmeter.bench.clips import built_in_samples
from avmeter.media import MediaItem
from support.speech import needs_speech


@needs_speech
def test_every_clip_is_another_file_that_plays(tmp_path: Path) -> None:
    """Equal files would be computed once, and rates would be those of a few clips."""
    samples = built_in_samples(tmp_path, 6)
    files = [Path(s["video"]).read_bytes() for s in samples]
    assert len(set(files)) == 6
    assert all(s["reference"] != s["video"] for s in samples)
    with MediaItem.open(samples[5]["video"]) as item:
        assert item.has_audio
        assert item.has_video
