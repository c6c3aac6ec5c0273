"""ImageBind's towers: loaded once each, shared by all extractors, in every precision."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from avmeter import create_evaluator
from avmeter.errors import UnknownNameError
from avmeter.features import network
from avmeter.features.base import get_extractor
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource
from golden import synth
from support import require
from support.extractors import extract
from support.imagebind import RATE, sound, video
from support.media import numbered, write_media
from support.networks import put_small_networks

require.package("ftfy")
require.package("regex")


@pytest.mark.parametrize("extractor", ["imagebind_audio", "imagebind_audio_windows"])
def test_unknown_rules_are_refused_with_near_misses(extractor: str) -> None:
    """A typing mistake is named."""
    with pytest.raises(UnknownNameError, match="first"):
        get_extractor(extractor, channel="firsd")
    with pytest.raises(UnknownNameError, match="running"):
        get_extractor(extractor, mean_removal="runing")


def test_one_network_of_each_tower_serves_all_metrics(tmp_path: Path) -> None:
    """Six extractors over three towers: what is loaded is loaded once, and shared batches change nothing."""
    metrics = ["audio.imagebind_score", "av.imagebind_text_audio", "av.imagebind_text_video", "av.javis_score"]
    evaluator = create_evaluator(metrics=metrics, weights="dummy")
    put_small_networks(evaluator._computer.runtime)
    keys = set(evaluator._computer.runtime.networks)
    samples = [
        {
            "video": write_media(
                tmp_path / f"{i}.mp4", wave=synth.chirp_noise(RATE, 3 + i, seed=i), sample_rate=RATE,
                frames=numbered(30 + 10 * i), fps=10,
            ),
            "text_prompt": f"a beep of {i} seconds",
        }
        for i in range(3)
    ]  # fmt: skip
    together = evaluator.evaluate(samples=samples)
    assert set(evaluator._computer.runtime.networks) == keys
    alone = create_evaluator(metrics=metrics, weights="dummy", batch_size=1)
    put_small_networks(alone._computer.runtime)
    for sample, row in zip(samples, together, strict=True):
        expected = alone.evaluate(samples=[sample])[0]
        assert {n: r.score for n, r in row.items()} == pytest.approx(
            {n: r.score for n, r in expected.items()}, abs=1e-6
        )


def test_tower_is_loaded_for_the_first_who_asks_and_for_nobody_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs and single frames, whole sounds and windows: one network each, and no other tower comes with it."""
    runtime = Runtime(device=torch.device("cpu"), precision="float32", weights=WeightsSource(is_dummy=True))
    loaded: list[tuple[str, ...]] = []
    monkeypatch.setattr(network, "fill_network", lambda net, _: loaded.append(net.config.towers))
    for name in ("imagebind_frames", "imagebind_video", "imagebind_audio_windows", "imagebind_audio", "imagebind_text"):
        get_extractor(name).load(runtime)
    assert loaded == [("vision",), ("audio",), ("text",)]


@pytest.mark.parametrize("name", ["imagebind_frames", "imagebind_audio_windows", "imagebind_text"])
def test_half_precision_stays_near_float32(name: str, runtime: Runtime) -> None:
    """Networks with half weights get inputs of their own type: bytes, spectrograms and ids alike."""
    item = {"imagebind_frames": video(3), "imagebind_audio_windows": sound(2), "imagebind_text": "a dog"}[name]
    exact = extract(get_extractor(name), item, runtime)["embedding"]
    half = Runtime(device=torch.device("cpu"), precision="bf16", weights=WeightsSource(is_dummy=True))
    half.networks.update({k: copy.deepcopy(v).to(torch.bfloat16) for k, v in runtime.networks.items()})
    with torch.autocast("cpu", torch.bfloat16):
        rough = extract(get_extractor(name), item, half)["embedding"]
    assert 0 < np.abs(rough - exact).max() < 0.05 * np.abs(exact).max()
