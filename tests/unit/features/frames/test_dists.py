"""DISTS of frames."""

from __future__ import annotations

import torch

from avmeter.features.base import get_extractor
from avmeter.features.frames.dists import DistsExtractor
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource
from support import require


def test_checkpoint_is_both_files() -> None:
    """The authors' weights of channels and the VGG16 beside LPIPS; whichever changes changes the fingerprint."""
    require.weights("dists", "lpips-vgg")
    extractor = get_extractor("dists")
    assert isinstance(extractor, DistsExtractor)
    state = extractor.checkpoint(Runtime(device=torch.device("cpu"), precision="float32", weights=WeightsSource()))
    assert {"alpha", "beta", "VGG16_0.Conv_12.weight"} <= state.keys()
    assert extractor.weights() == ("dists", "lpips-vgg")
