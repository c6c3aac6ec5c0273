"""OpenL3 against the published network and stable-audio-metrics, under the fill; see golden/openl3/README.md."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch

from avmeter.dsp.mel import openl3_mel
from avmeter.dsp.resample import KAISER_BEST, resample
from avmeter.features.backbones.openl3 import Openl3Extractor
from avmeter.media import MediaItem
from avmeter.nets import openl3
from golden import goldenio, synth
from support.extractors import cpu_runtime
from support.paths import GOLDEN


@pytest.fixture(scope="module")
def golden() -> Mapping[str, np.ndarray]:
    return dict(np.load(GOLDEN / "openl3" / "fill.npz"))


@pytest.fixture(scope="module")
def extractor() -> Openl3Extractor:
    extractor = Openl3Extractor()
    extractor.load(cpu_runtime(weights="dummy"))
    return extractor


@torch.no_grad()
def test_every_stage_agrees_with_the_published_network(golden, extractor: Openl3Extractor) -> None:
    """From the spectrogram, the silence in front included, to the embedding."""
    net = extractor._net
    assert isinstance(net, openl3.Openl3)
    deviations = {}

    def compare(stage: str, value: torch.Tensor) -> None:
        deviations[stage] = goldenio.check(golden, f"chirp/{stage}", value.numpy())[1]

    hooks = [
        norm.register_forward_hook(
            lambda _m, _i, out, i=i: compare(f"block{i + 1}", torch.nn.functional.max_pool2d(out.relu(), 2))
        )
        for i, norm in enumerate(net.block_norms)
    ]
    hooks.append(net.blocks[3].register_forward_hook(lambda _m, _i, out: compare("block4", out)))
    wave = np.concatenate([np.zeros(24_000, np.float32), synth.chirp_noise(48_000, 1.5, seed=2)])
    mel = openl3_mel(torch.from_numpy(wave).unfold(0, 48_000, 24_000))
    compare("mel", mel[:, None])
    compare("embedding", net(mel))
    for hook in hooks:
        hook.remove()
    assert deviations.keys() == {"mel", "block1", "block2", "block3", "block4", "embedding"}
    assert deviations.pop("mel") < 1e-4
    assert max(deviations.values()) < 3e-5, deviations


def test_resampling_agrees_with_resampys_best(golden) -> None:
    """The one of the version that OpenL3 asks for."""
    wave = torch.from_numpy(synth.chirp_noise(44_100, 1, seed=3))
    found = resample(wave, sample_rate=44_100, to_rate=48_000, kernel=KAISER_BEST)
    assert goldenio.check(golden, "resampled", found.numpy())[1] < 2e-6


@torch.no_grad()
@pytest.mark.parametrize(("rate", "stereo"), [(44_100, True), (32_000, False)])
def test_rows_of_a_stereo_file_agree_with_stable_audio_metrics(golden, extractor, rate, stereo) -> None:
    """Peak, two resamplers, silence in front and behind, windows, and which channel stands where."""
    left, right = (synth.chirp_noise(rate, 1.3, seed=seed) for seed in (4, 5))
    media = MediaItem.from_audio(np.stack((left, 0.3 * right)), rate)
    reader = Openl3Extractor(stereo=stereo)
    windows = list(reader.windows(media))
    batch = {"waveform": torch.from_numpy(np.stack([w.inputs["waveform"] for w in windows]))}
    rows = extractor.forward(batch)["embedding"].numpy()
    pooled = reader.pool([{"embedding": row} for row in rows], [w.without_inputs() for w in windows], {})
    assert goldenio.check(golden, f"file/{rate}/float64", pooled["embedding"])[1] < 5e-3
    assert goldenio.check(golden, f"file/{rate}/float32", pooled["embedding"])[1] < 2e-2
