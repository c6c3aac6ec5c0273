"""LPIPS of frames."""

from __future__ import annotations

import pytest

from avmeter.errors import UnknownNameError
from avmeter.features.base import get_extractor


def test_each_network_has_a_checkpoint_of_its_own() -> None:
    """And an identity."""
    alex, vgg = get_extractor("lpips"), get_extractor("lpips", net="vgg")
    assert (alex.weights(), vgg.weights()) == (("lpips-alex",), ("lpips-vgg",))
    assert alex.identity() != vgg.identity()
    with pytest.raises(UnknownNameError, match="squeeze"):
        get_extractor("lpips", net="squeeze")
