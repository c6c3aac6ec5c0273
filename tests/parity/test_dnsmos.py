"""DNSMOS against speechmos 0.0.1.1, which runs the same networks; see golden/README.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from avmeter.features.base import get_extractor
from avmeter.features.quality.dnsmos import Dnsmos, published_windows
from avmeter.media import AudioSpec, MediaItem
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource
from golden import synth
from support import require
from support.paths import GOLDEN

require.package("onnxruntime")

PUBLISHED = json.loads((GOLDEN / "dnsmos.json").read_text())
SCORES = ("ovrl", "sig", "bak", "p808")


@pytest.fixture(scope="module")
def extractor() -> Iterator[Dnsmos]:
    found = get_extractor("dnsmos")
    assert isinstance(found, Dnsmos)
    require.weights("dnsmos-p835", "dnsmos-p808")
    found.load(_runtime())
    yield found
    found.unload()


def _runtime() -> Runtime:
    return Runtime(device=torch.device("cpu"), precision="float32", weights=WeightsSource.parse("auto"))


def scores_of(extractor: Dnsmos, wave: np.ndarray) -> dict[str, Any]:
    item = MediaItem.from_audio(wave, 16_000)
    windows = list(extractor.windows(item))
    return dict(extractor.pool(extractor.run(windows, _runtime()), windows, {}).facts)


def check(scores: dict[str, Any], case: str) -> None:
    assert [scores[k] for k in SCORES] == pytest.approx([PUBLISHED[case][k] for k in SCORES], abs=1e-3)


@pytest.mark.media
@pytest.mark.parametrize("name", ["ltx2.wav", "3qesirWAGt4_20000_30000.mp4", "ZYc410CE4Rg_0_10000.mp4"])
def test_real_clips_have_the_published_scores(extractor: Dnsmos, name: str) -> None:
    """All four scores of speech, of a short clip that is repeated, and of noise."""
    wave = np.array(MediaItem.open(require.media(name)).audio(AudioSpec(sample_rate=16_000))[:])
    assert len(wave) == PUBLISHED[name]["num_samples"]
    check(scores_of(extractor, 0.5 * wave), name)


@pytest.mark.parametrize(("case", "seconds", "num_windows"), [("synth", 12, 3), ("long", 20, 7)])
def test_synthetic_sound_has_the_published_scores(extractor: Dnsmos, case: str, seconds: int, num_windows: int) -> None:
    """Means over windows; of a long clip over those that the published loop does not lose."""
    scores = scores_of(extractor, synth.chirp_noise(16_000, seconds))
    assert scores["num_windows"] == num_windows
    check(scores, case)


def test_windows_follow_the_published_loop() -> None:
    """Whole seconds count, and windows that rounding makes short are left out."""
    assert published_windows(160_768) == [0]
    assert published_windows(10 * 16_000 + 15_999) == [0]
    assert published_windows(11 * 16_000) == [0, 1]
    assert published_windows(40 * 16_000) == [*range(7), *range(24, 31)]
