"""Clips to measure with, for who has none at hand: rendered ones, each with bytes of its own."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from avmeter.demo.scenes import render_clips


def built_in_samples(folder: Path, num_clips: int) -> list[dict[str, Any]]:
    """Render the clips of the demonstration into `folder`; return samples over copies of them.

    Every copy ends in a free box of MP4 with its number, so that it is another file to the run. The reference of each
    sample is another one's clip.

    Raises:
        MissingDependencyError: espeak-ng is not installed.
    """
    rendered = render_clips(folder / "rendered")
    samples = []
    for number in range(num_clips):
        sample = rendered[number % len(rendered)]
        path = folder / f"{number:04}.mp4"
        path.write_bytes(Path(sample["video"]).read_bytes() + struct.pack(">I4sQ", 16, b"free", number))
        samples.append({**sample, "id": path.stem, "video": str(path)})
    return [{**s, "reference": samples[i - 1]["video"]} for i, s in enumerate(samples)]
