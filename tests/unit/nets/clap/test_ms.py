"""MS-CLAP: its batches, and which state of a text it reads."""

from __future__ import annotations

import torch

from avmeter.nets import clap
from avmeter.nets.clap.ms import last_states
from support import require
from support.clap_networks import SMALL_MS, filled

require.package("transformers")


@torch.no_grad()
def test_microsofts_network_gives_the_same_alone_and_in_a_batch() -> None:
    """Sounds and texts; what stands behind a text has no influence."""
    net = filled(clap.build(SMALL_MS))
    features = torch.randn(3, 1, 250, 16, generator=torch.Generator().manual_seed(1))
    together = clap.audio_features(net, features, torch.zeros(3, dtype=torch.bool))
    torch.testing.assert_close(together.norm(dim=-1), torch.ones(3))
    for i in range(3):
        alone = clap.audio_features(net, features[i : i + 1], torch.ones(1, dtype=torch.bool))
        torch.testing.assert_close(alone[0], together[i], rtol=0, atol=1e-5)
    ids = torch.tensor([[5, 6, 9, 0, 0, 0], [7, 8, 9, 10, 11, 12]])
    texts = clap.text_features(net, ids, (ids != 0).long())
    alone = clap.text_features(net, ids[:1, :3], torch.ones(1, 3, dtype=torch.long))
    torch.testing.assert_close(alone[0], texts[0], rtol=0, atol=1e-5)
    assert (texts[0] - texts[1]).abs().max() > 1e-3


def test_state_of_a_text_is_found_by_counting_what_is_not_padding() -> None:
    """As published: the last token, and with an id 0 inside the text one token before it."""
    states = torch.arange(12.0).reshape(2, 6, 1)
    ids = torch.tensor([[5, 6, 9, 0, 0, 0], [5, 0, 6, 9, 0, 0]])
    assert last_states(states, ids).flatten().tolist() == [2, 6 + 2]
