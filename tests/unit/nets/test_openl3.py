"""OpenL3: keys, and what it refuses."""

from __future__ import annotations

import pytest
import torch

from avmeter.errors import UsageError
from avmeter.nets import openl3
from support.checkpoints import published_keys


def test_official_checkpoint_loads_strictly() -> None:
    """Every official tensor has a place in the network, and the other way round."""
    official = published_keys("openl3")
    openl3.KEY_MAP.load(openl3.build(device="meta"), official, source="keys.json")
    assert len(official) == 48


def test_window_of_another_size_is_refused() -> None:
    """A maximum over another size would pass in silence."""
    with pytest.raises(UsageError, match=r"OpenL3 reads \(B, 256, 199\)"):
        openl3.build(device="meta")(torch.zeros(1, 256, 198, device="meta"))
