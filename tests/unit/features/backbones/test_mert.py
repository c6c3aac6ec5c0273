"""MERT's windows and its maximum over time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from avmeter.errors import UsageError
from avmeter.features.backbones.mert import MertExtractor
from avmeter.media import MediaItem
from avmeter.nets import mert
from avmeter.nets.wavlm import WavLMConfig
from avmeter.weights.dummy import fill_network

RATE = 24_000


def windows(duration_s: float):
    noise = (0.1 + 0.1 * np.random.default_rng(1).standard_normal(round(duration_s * RATE))).astype(np.float32)
    return list(MertExtractor().windows(MediaItem.from_audio(noise, RATE)))


def test_size_chooses_the_checkpoint() -> None:
    """MAD is published on the larger one."""
    assert MertExtractor().weights() == ("mert-v1-95m",)
    assert MertExtractor(size="330m").weights() == ("mert-v1-330m",)
    with pytest.raises(UsageError, match="size is '1b'"):
        MertExtractor(size="1b")


def test_sound_of_a_minute_is_read_whole_and_longer_sound_in_windows() -> None:
    """Each has mean 0 and variance 1; the last ends with the sound."""
    (whole,) = windows(5.0)
    assert whole.inputs["waveform"].shape == (5 * RATE,)
    assert whole.inputs["waveform"].mean() == pytest.approx(0, abs=1e-5)
    assert whole.inputs["waveform"].var() == pytest.approx(1, abs=1e-4)
    assert [w.start_s for w in windows(70.0)] == pytest.approx([0.0, 30.0, 40.0])


def test_embedding_is_the_largest_value_over_time_and_windows() -> None:
    """Of a small network, and of two windows."""
    net = mert.build(WavLMConfig(conv_channels=4, dim=16, hidden_dim=8, num_layers=1, num_heads=2))
    fill_network(net, mert.KEY_MAP.official)
    extractor = MertExtractor()
    extractor._net = net
    waveform = torch.randn(2, 2000, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        found = extractor.forward({"waveform": waveform})["embedding"]
        assert torch.equal(found, net(waveform).max(dim=1).values)
    outputs = [{"embedding": row.numpy()} for row in found]
    (window,) = windows(1.0)
    pooled = extractor.pool(outputs, [window.without_inputs()] * 2, {})
    np.testing.assert_array_equal(pooled["embedding"], found.max(dim=0).values.numpy())
