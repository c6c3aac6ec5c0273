"""Names of PE-AV's tensors."""

from __future__ import annotations

import pytest
import torch

from avmeter.nets import pe_av
from support import require
from support.pe_av import part

require.package("transformers")


def test_aliases_of_one_tensor_are_one_name() -> None:
    """A file may hold a tower under the name of any model that shares it."""
    state = pe_av.without_aliases({
        "audio_model.text_model.layers.0.mlp.Wi.weight": torch.zeros(1),
        "audio_video_encoder.embedder.video_encoder.norm.weight": torch.zeros(2),
        "audio_video_encoder.norm.weight": torch.zeros(3),
    })  # fmt: skip
    assert sorted(state) == [
        "audio_video_encoder.norm.weight", "text_model.layers.0.mlp.Wi.weight", "video_model.video_encoder.norm.weight"
    ]  # fmt: skip


@pytest.mark.parametrize("name", pe_av.PARTS)
def test_tensor_of_one_part_is_unused_by_the_others(name: str) -> None:
    """A part loads from the whole file, and takes nothing that belongs to another."""
    own = {pe_av.KEY_MAPS[name].official(key) for key in part(name).state_dict()}
    for other in pe_av.PARTS:
        unused = {key for key in own if pe_av.KEY_MAPS[other].is_unused(key)}
        assert unused == (set() if other == name else own), other
