"""MERT: keys."""

from __future__ import annotations

import pytest

from avmeter.nets import mert
from avmeter.nets.wavlm import WavLMConfig
from support.checkpoints import published_keys, unread_keys


@pytest.mark.parametrize(("name", "config", "count"), [("mert", mert.BASE, 211), ("mert-330m", mert.LARGE, 403)])
def test_every_official_key_is_read_but_that_of_masked_frames(name: str, config: WavLMConfig, count: int) -> None:
    """The positional convolution by the names of PyTorch's first weight norm."""
    official = published_keys(name)
    assert len(official) == count
    assert unread_keys(mert.KEY_MAP, mert.build(config, device="meta"), official) == {"masked_spec_embed"}
