"""aiSFX against aisfx 0.1.2 with Essentia; see golden/aisfx/README.md."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from avmeter.dsp.mel import aisfx_mel
from avmeter.features.backbones.aisfx import AisfxExtractor
from avmeter.features.base import Features
from avmeter.media import MediaItem
from avmeter.nets import aisfx
from avmeter.nets.aisfx import Aisfx
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource
from golden import fill, goldenio, synth
from support import require
from support.paths import GOLDEN

FOLDER = GOLDEN / "aisfx"
RATE = 44_100
WAVES = {"synth_6s": (6, 3), "synth_short": (1.5, 4)}

# Relative to the largest golden value; see the README.
MEL_TOLERANCE = 2e-5
STAGE_TOLERANCE = 1e-4
TRAINED_TOLERANCE = 1e-3


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return dict(np.load(FOLDER / "fill.npz"))


@pytest.fixture(scope="module")
def net() -> Aisfx:
    net = aisfx.build()
    fill.fill_state_dict(net, rename=aisfx.KEY_MAP.official)
    return net


@pytest.fixture(scope="module")
def trained() -> tuple[AisfxExtractor, Runtime]:
    require.weights("aisfx")
    extractor = AisfxExtractor()
    runtime = Runtime(device=torch.device("cpu"), precision="float32", weights=WeightsSource.parse("auto"))
    extractor.load(runtime)
    return extractor, runtime


def mels(case: str) -> torch.Tensor:
    """What the network reads of a wave at 16 bits, (W, 100, 96), through the extractor's windows."""
    samples = np.round(synth.chirp_noise(RATE, WAVES[case][0], seed=WAVES[case][1]) * 32768) / 32768
    extractor = AisfxExtractor(protocol="av-benchmark", duration_s=60)
    extractor.waveform = lambda media: samples.astype(np.float32)  # type: ignore[method-assign]
    windows = list(extractor.windows(MediaItem.from_audio(samples.astype(np.float32), RATE)))
    return aisfx_mel(torch.from_numpy(np.stack([w.inputs["waveform"] for w in windows])))


@torch.no_grad()
@pytest.mark.parametrize("case", WAVES)
def test_every_stage_agrees_with_the_published_network(golden: dict[str, np.ndarray], net: Aisfx, case: str) -> None:
    """From windows of spectrogram, and so their number and places, to the embedding."""
    mel = mels(case)
    assert goldenio.check(golden, f"{case}/mel", mel.numpy())[1] < MEL_TOLERANCE
    deviations = {}

    def compare(stage: str, value: torch.Tensor) -> None:
        deviations[stage] = goldenio.check(golden, f"{case}/{stage}", value.numpy())[1]

    hooks = [
        block.register_forward_hook(
            lambda _m, _i, output, i=i: compare(
                f"conv_block{i + 1}", torch.nn.functional.max_pool2d(output, 2) if i < 3 else output
            )
        )
        for i, block in enumerate(net.blocks)
    ]
    compare("embedding", net(mel))
    for hook in hooks:
        hook.remove()
    assert len(deviations) == 5
    assert max(deviations.values()) < STAGE_TOLERANCE, deviations


def embedding(trained: tuple[AisfxExtractor, Runtime], item: MediaItem) -> Features:
    extractor, runtime = trained
    windows = list(extractor.windows(item))
    return extractor.pool(extractor.run(windows, runtime), windows, extractor.facts(item))


@pytest.mark.media
def test_real_clip_has_the_published_embedding(trained: tuple[AisfxExtractor, Runtime]) -> None:
    """With the trained weights, from a file."""
    published = np.load(FOLDER / "trained.npz")["ltx2.wav"]
    found = embedding(trained, MediaItem.open(require.media("ltx2.wav")))["embedding"]
    assert np.abs(found - published).max() < TRAINED_TOLERANCE * published.max()
