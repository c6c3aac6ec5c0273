"""Onsets against librosa 0.11.0; see golden/README.md."""

from __future__ import annotations

import json

import numpy as np
import pytest

from avmeter.dsp.onset import SAMPLE_RATE
from avmeter.features.base import ClipExtractor, get_extractor
from avmeter.media import MediaItem
from support import require
from support.paths import GOLDEN

PUBLISHED = json.loads((GOLDEN / "onsets.json").read_text())


def bursts(sample_rate: int) -> np.ndarray:
    """Eight decaying tones in eight seconds, (N,)."""
    time_s = np.arange(8 * sample_rate) / sample_rate
    wave = np.zeros(len(time_s))
    for k, start_s in enumerate((0.5, 1.1, 1.8, 2.2, 3.7, 4.0, 5.55, 6.9)):
        since = time_s - start_s
        tone = np.exp(-12 * np.clip(since, 0, None)) * np.sin(2 * np.pi * 220 * (k + 1) * since)
        wave += np.where(since >= 0, 0.5 * tone, 0)
    return wave.astype(np.float32)


def onsets(item: MediaItem) -> list[float]:
    extractor = get_extractor("onsets")
    assert isinstance(extractor, ClipExtractor)
    return extractor.extract(item)["times_s"].tolist()


@pytest.mark.media
@pytest.mark.parametrize("name", ["ltx2.wav", "3qesirWAGt4_20000_30000.mp4", "ZYc410CE4Rg_0_10000.mp4"])
def test_real_clips_have_the_published_onsets(name: str) -> None:
    """The same frames are onsets; the sound of these files starts with their picture."""
    assert onsets(MediaItem.open(require.media(name))) == pytest.approx(PUBLISHED[name]["times_s"], abs=1e-6)


def test_bursts_have_the_published_onsets() -> None:
    """Every burst is found once, where librosa finds it."""
    found = onsets(MediaItem.from_audio(bursts(SAMPLE_RATE), SAMPLE_RATE))
    assert found == pytest.approx(PUBLISHED["bursts"]["times_s"], abs=1e-6)
    assert len(found) == 8
