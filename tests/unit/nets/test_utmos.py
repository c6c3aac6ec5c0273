"""UTMOS at small size: keys, the shortest clip, and what the score is the mean of."""

from __future__ import annotations

import pytest
import torch

from avmeter.nets import utmos
from avmeter.nets.utmos import MIN_SAMPLES, Utmos, UtmosConfig
from avmeter.nets.wavlm import WavLMConfig
from avmeter.weights.dummy import fill_network
from support.checkpoints import published_keys, unread_keys

ENCODER = WavLMConfig(
    conv_channels=8, dim=16, hidden_dim=16, num_layers=1, num_heads=2, position_kernel=4, position_groups=2
)
SMALL = UtmosConfig(encoder=ENCODER, condition=4, lstm=6, hidden=8)


@pytest.fixture(scope="module")
def net() -> Utmos:
    net = utmos.build(SMALL)
    fill_network(net, utmos.KEY_MAP.official)
    return net


def test_every_official_key_is_read_or_of_training() -> None:
    """225 tensors, one of which stands for masked frames."""
    official = published_keys("utmos")
    assert len(official) == 225
    net = utmos.build(device="meta")
    assert unread_keys(utmos.KEY_MAP, net, official) == {"wav2vec2.mask_emb"}
    utmos.KEY_MAP.load(net, official, source="utmos.keys.json")


@torch.no_grad()
def test_shortest_clip_has_one_frame_and_a_score(net: Utmos) -> None:
    """400 samples; one less does not reach through the convolutions."""
    assert net(torch.ones(2, MIN_SAMPLES)).shape == (2,)
    assert SMALL.encoder.num_frames(MIN_SAMPLES) == 1
    assert SMALL.encoder.num_frames(MIN_SAMPLES - 1) == 0


@torch.no_grad()
def test_score_is_three_and_twice_the_mean_rating(net: Utmos) -> None:
    """A head that answers 0.25 to every frame: 3.5."""
    weight, bias = net.rate.weight.clone(), net.rate.bias.clone()
    net.rate.weight.zero_()
    net.rate.bias.fill_(0.25)
    assert net(torch.randn(1, 4000)).item() == pytest.approx(3.5)
    net.rate.weight.copy_(weight)
    net.rate.bias.copy_(bias)


@torch.no_grad()
def test_score_does_not_depend_on_the_rest_of_the_batch(net: Utmos) -> None:
    """A clip gives the same alone and in company."""
    clips = torch.randn(3, 4000, generator=torch.Generator().manual_seed(1))
    scores = net(clips)
    for i in range(3):
        torch.testing.assert_close(net(clips[i : i + 1])[0], scores[i], rtol=0, atol=1e-5)
