"""WavLM with ECAPA-TDNN on a small network: what is embedded of a clip, and clips without a voice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import get_extractor
from avmeter.media import MediaItem
from avmeter.nets import wavlm_ecapa
from avmeter.nets.wavlm import WavLMConfig
from avmeter.runtime import Runtime
from avmeter.weights.dummy import fill_network
from support.extractors import cpu_runtime, extract, noise
from support.voices import RATE

ENCODER = WavLMConfig(
    conv_channels=4, dim=8, hidden_dim=8, num_layers=1, num_heads=2, position_kernel=4, position_groups=2,
    num_distance_bands=8, max_distance=20, norm_first=True, norm_each_conv=True,
)  # fmt: skip


@pytest.fixture(scope="module")
def net() -> Any:
    config = wavlm_ecapa.WavLMEcapaConfig(encoder=ENCODER, channels=8, bottleneck=4, pooled=8, embedding=6)
    net = wavlm_ecapa.build(config)
    fill_network(net, wavlm_ecapa.KEY_MAP.official)
    return net.requires_grad_(False)


@pytest.fixture
def runtime(net: Any) -> Runtime:
    runtime = cpu_runtime()
    extractor: Any = get_extractor("speaker_wavlm_ecapa")
    runtime.networks[extractor.network_key()] = net
    return runtime


def embedded(waveform: np.ndarray, runtime: Runtime) -> Any:
    with MediaItem.from_audio(waveform, RATE) as media:
        return extract(get_extractor("speaker_wavlm_ecapa"), media, runtime)


@pytest.mark.usefixtures("all_is_speech")
def test_clip_is_embedded_whole_at_unit_length(net: Any, runtime: Runtime) -> None:
    """Pauses and all, as published."""
    waveform = np.concatenate([noise(RATE), np.zeros(RATE // 2, np.float32)])
    found = embedded(waveform, runtime)
    expected = net(torch.from_numpy(waveform)[None])[0]
    np.testing.assert_allclose(found["embedding"], expected / expected.norm(), atol=1e-5)
    assert found.facts == {"speech_s": 1.5, "num_windows": 1}


@pytest.mark.usefixtures("all_is_speech")
def test_long_clip_is_averaged_over_pieces_by_duration(net: Any, runtime: Runtime) -> None:
    """31 s: one piece of 30 s and one of 1 s, which weighs as little."""
    waveform = noise(31 * RATE)
    pieces = [net(torch.from_numpy(w)[None])[0] for w in (waveform[: 30 * RATE], waveform[30 * RATE :])]
    mean = 30 * pieces[0] / pieces[0].norm() + pieces[1] / pieces[1].norm()
    found = embedded(waveform, runtime)
    np.testing.assert_allclose(found["embedding"], mean / mean.norm(), atol=1e-5)
    assert found.facts["num_windows"] == 2


def test_clip_without_speech_is_skipped() -> None:
    """The network would answer to noise as to a voice."""
    extractor: Any = get_extractor("speaker_wavlm_ecapa")
    with pytest.raises(SkipError, match=r"0\.00 s of speech") as caught:
        next(extractor.windows(MediaItem.from_audio(noise(RATE), RATE)))
    assert caught.value.code == SkipCode.NO_SPEECH
