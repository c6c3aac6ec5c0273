"""wav2vec 2.0 at small size: frames, and batches."""

from __future__ import annotations

import torch

from avmeter.nets import wavlm
from avmeter.nets.empty import empty_network
from avmeter.nets.wav2vec2 import Wav2Vec2
from avmeter.nets.wavlm import WavLMConfig
from avmeter.weights.dummy import fill_network

SMALL = WavLMConfig(
    conv_channels=16, dim=32, hidden_dim=64, num_layers=2, num_heads=4, position_kernel=8, position_groups=4
)


@torch.no_grad()
def test_frames_of_a_clip_do_not_depend_on_the_rest_of_the_batch() -> None:
    """20 ms each, the same alone and in company."""
    net = empty_network(lambda: Wav2Vec2(SMALL))
    fill_network(net, wavlm.KEY_MAP.official)
    clips = torch.randn(3, 8000, generator=torch.Generator().manual_seed(1))
    frames = net(clips)
    assert frames.shape == (3, SMALL.num_frames(8000), 32)
    for i in range(3):
        torch.testing.assert_close(net(clips[i : i + 1])[0], frames[i], rtol=0, atol=1e-5)
