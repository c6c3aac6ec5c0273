"""Paraformer: keys, and clips without characters."""

from __future__ import annotations

import torch

from avmeter.nets import paraformer
from avmeter.nets.paraformer import ParaformerConfig
from avmeter.weights.dummy import fill_network
from support.checkpoints import published_keys, unread_keys


def test_every_official_key_is_read_or_known_to_be_of_times_or_of_training() -> None:
    """Both ways: no tensor of the network lacks a key."""
    official = published_keys("paraformer")
    net = paraformer.build(device="meta")
    paraformer.KEY_MAP.load(net, official, source="keys.json")
    parts = {key.rsplit(".", 1)[0] for key in unread_keys(paraformer.KEY_MAP, net, official)}
    assert parts == {"predictor.upsample_cnn", "predictor.blstm", "predictor.cif_output2", "decoder.embed.0"}


@torch.no_grad()
def test_clip_without_a_character_has_no_logits() -> None:
    """Its only frame is less than one."""
    net = paraformer.build(ParaformerConfig(dim=8, hidden_dim=8, encoder_layers=2, decoder_layers=1, vocabulary=5))
    fill_network(net, paraformer.KEY_MAP.official)
    net.predictor.out.bias.fill_(-20.0)
    assert net(torch.randn(1, 1, 560)).shape == (0, 5)
