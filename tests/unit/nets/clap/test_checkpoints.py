"""The published checkpoints by name, and what is inside."""

from __future__ import annotations

import pytest

from avmeter.errors import UnknownNameError
from avmeter.nets import clap
from avmeter.nets.clap import MsClapConfig
from support import require

require.package("transformers")


@pytest.mark.parametrize("name", clap.CHECKPOINTS)
def test_every_published_checkpoint_has_its_number_of_parameters(name: str) -> None:
    """153.5 M with HTSAT-tiny (the fused one has a little more), 193.9 M with HTSAT-base, 155.6 M with GPT-2."""
    config = clap.CHECKPOINTS[name].config
    count = sum(p.numel() for p in clap.build(config, device="meta").parameters())
    if isinstance(config, MsClapConfig):
        assert count == 155_648_408
        return
    tiny = 153_507_530 if config.audio.fusion else 153_492_890
    assert count == (tiny if config.audio.dim == 96 else 193_913_882)


def test_checkpoints_answer_to_the_names_of_papers() -> None:
    """Every published name leads to a checkpoint, its own name too; another one is refused with near misses."""
    assert set(clap.PUBLISHED_NAMES.values()) == set(clap.CHECKPOINTS)
    for published_name, name in clap.PUBLISHED_NAMES.items():
        assert clap.checkpoint_name(published_name) == clap.checkpoint_name(name) == name
    assert clap.checkpoint_name("630k-audioset-best.pt") == "laion-clap-630k"
    assert clap.checkpoint_name("CLAP_weights_2023.pth") == "msclap-2023"
    with pytest.raises(UnknownNameError, match="laion/larger_clap_general"):
        clap.checkpoint_name("laion/larger_clap_generl")
