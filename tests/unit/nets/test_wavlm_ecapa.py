"""WavLM with ECAPA-TDNN at small size: keys, batches, what does not count."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from avmeter.nets import wavlm_ecapa
from avmeter.nets.wavlm import WavLMConfig
from avmeter.nets.wavlm_ecapa import WavLMEcapa, WavLMEcapaConfig
from avmeter.weights.dummy import fill_network
from support.checkpoints import published_keys, unread_keys

ENCODER = WavLMConfig(
    conv_channels=16, dim=32, hidden_dim=64, num_layers=2, num_heads=4, position_kernel=8, position_groups=4,
    num_distance_bands=16, max_distance=20, norm_first=True, norm_each_conv=True,
)  # fmt: skip
SMALL = WavLMEcapaConfig(encoder=ENCODER, channels=16, bottleneck=8, pooled=24, embedding=6)


@pytest.fixture(scope="module")
def net() -> WavLMEcapa:
    net = wavlm_ecapa.build(SMALL)
    fill_network(net, wavlm_ecapa.KEY_MAP.official)
    return net


def noise(num_clips: int) -> Tensor:
    return torch.randn(num_clips, 8000, generator=torch.Generator().manual_seed(1))


def test_every_official_key_is_read_or_known_to_be_of_training() -> None:
    """710 tensors of the published network, with the size of each; and the classes it was trained on."""
    official = published_keys("wavlm_ecapa")
    assert len(official) == 710
    net = wavlm_ecapa.build(device="meta")
    assert unread_keys(wavlm_ecapa.KEY_MAP, net, official) == {"feature_extract.model.mask_emb"}
    official["loss_calculator.projection.weight"] = torch.empty(9, 256, device="meta")
    wavlm_ecapa.KEY_MAP.load(net, official, source="wavlm_ecapa.keys.json")


@torch.no_grad()
def test_embedding_does_not_depend_on_the_rest_of_the_batch(net: WavLMEcapa) -> None:
    """A clip gives the same alone and in company."""
    clips = noise(3)
    embeddings = net(clips)
    assert embeddings.shape == (3, 6)
    for i in range(3):
        torch.testing.assert_close(net(clips[i : i + 1])[0], embeddings[i], rtol=0, atol=1e-5)


@torch.no_grad()
def test_level_and_offset_do_not_count(net: WavLMEcapa) -> None:
    """Each clip is brought to mean 0 and variance 1."""
    clip = noise(1)
    torch.testing.assert_close(net(0.1 * clip + 0.2), net(clip), rtol=0, atol=1e-3)


@torch.no_grad()
def test_states_are_mixed_in_shares_of_one(net: WavLMEcapa) -> None:
    """All weight on the last state: that state, normalised, and the small number that keeps it from zero."""
    clip = noise(1)
    *_, last = net.encoder.states(
        torch.nn.functional.layer_norm(clip, clip.shape[-1:]), torch.ones_like(clip, dtype=torch.bool)
    )
    before = net.state_weights.clone()
    net.state_weights.copy_(torch.tensor([0.0, 0.0, 100.0]))
    torch.testing.assert_close(net.mixed_states(clip), last.transpose(1, 2) + 1e-6)
    net.state_weights.copy_(before)


def test_channels_that_do_not_make_groups_are_refused() -> None:
    """Groups have one width."""
    with pytest.raises(ValueError, match="20 channels do not make 8 groups"):
        WavLMEcapaConfig(channels=20)
