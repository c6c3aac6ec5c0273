"""Which network is loaded for CLIP and ViCLIP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from avmeter.errors import UnknownNameError
from avmeter.features.base import get_extractor
from avmeter.features.contrastive.base import CHECKPOINTS
from support.extractors import cpu_runtime


@pytest.mark.parametrize("model", CHECKPOINTS)
def test_tower_is_built_alone_and_shared(model: str) -> None:
    """Images and texts each load their own tower of one checkpoint."""
    runtime = cpu_runtime(weights="dummy")
    for name, tower in (("clip_frames", "image"), ("clip_text", "text")):
        extractor: Any = get_extractor(name, model=model)
        with torch.device("meta"):
            net, _ = extractor.architecture(runtime)
        assert net.config == replace(CHECKPOINTS[model], towers=(tower,), attention_dtype=None)
        assert extractor.network_key() == (model, tower)
        assert extractor.weights()[0] == model


def test_checkpoint_that_does_not_exist_is_refused() -> None:
    """It names those that do."""
    with pytest.raises(UnknownNameError, match="clip-vit-b-16"):
        get_extractor("clip_frames", model="clip-vit-b-16")


def test_viclip_is_one_checkpoint_of_two_towers() -> None:
    """Its vocabulary is CLIP's."""
    assert get_extractor("viclip_video").weights() == ("viclip",)
    assert get_extractor("viclip_text").weights() == ("viclip", "clip-vocabulary")
