"""Rendered clips in two folders, and a registry that forgets what a test registers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from avmeter.registry import METRICS
from support.media import flash, tone, write_media
from support.registrations import forgotten_registrations

RATE = 16_000
FPS = 8


def write_clip(path: Path, *, frequency_hz: float = 440, at_s: float = 0.25) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = tone(frequency_hz, 0.3, RATE, 0.5)
    return write_media(path, wave=wave, sample_rate=RATE, frames=flash(at_s, FPS, 0.5), fps=FPS)


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """`gen` and `ref` with clips of the same names, 2 before 10 in numbers and not in the alphabet."""
    for number in (2, 10):
        write_clip(tmp_path / "gen" / f"clip_{number}.mp4", frequency_hz=400 + number)
        write_clip(tmp_path / "ref" / f"clip_{number}.mp4", frequency_hz=500 + number, at_s=0.0)
    return tmp_path


@pytest.fixture
def registry() -> Iterator[None]:
    METRICS.get("audio.loudness")  # a metric that is first loaded while its name is taken would be lost
    with forgotten_registrations():
        yield
