"""CLIP without its weights: loading whole and in towers, batching."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from avmeter.nets import clip
from avmeter.nets.clip import TOWERS, VIT_B_32, VIT_L_14, ClipConfig
from support.checkpoints import published_keys, unread_keys
from support.picture_networks import clip_tower


@pytest.mark.parametrize("towers", [TOWERS, ("image",), ("text",)], ids="+".join)
@pytest.mark.parametrize(("name", "config"), [("clip_vit_b_32", VIT_B_32), ("clip_vit_l_14", VIT_L_14)])
def test_official_checkpoint_loads_strictly_whole_and_in_towers(
    name: str, config: ClipConfig, towers: tuple[str, ...]
) -> None:
    """Every official key has a place in the network, or belongs to the other tower or to the program."""
    official = published_keys(name)
    net, keys = clip.build(replace(config, towers=towers), device="meta"), clip.key_map(towers)
    keys.load(net, official, source="keys.json")
    unread = unread_keys(keys, net, official)
    assert unread == {key for key in official if keys.is_unused(key)}
    assert {"logit_scale", "input_resolution", "context_length", "vocab_size"} <= unread
    assert len(unread) == 4 or len(towers) == 1


@torch.no_grad()
def test_embedding_does_not_depend_on_the_rest_of_the_batch() -> None:
    """Alone and among others, images and texts."""
    image, text = clip_tower("clip-vit-b-32", "image"), clip_tower("clip-vit-b-32", "text")
    pixels = torch.randn(3, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(image.image(pixels[1:2]), image.image(pixels)[1:2])
    ids = torch.randint(1, 400, (3, 77), generator=torch.Generator().manual_seed(0))
    ids[:, 9] = 49407
    torch.testing.assert_close(text.text(ids[1:2]), text.text(ids)[1:2])


@torch.no_grad()
def test_text_ends_at_its_end_token() -> None:
    """What stands behind it is not read; what stands before it is."""
    net = clip_tower("clip-vit-b-32", "text")
    ids = torch.randint(1, 400, (1, 77), generator=torch.Generator().manual_seed(0))
    ids[:, 9] = 49407
    behind, before = ids.clone(), ids.clone()
    behind[:, 10:], before[:, 8] = 5, 401
    torch.testing.assert_close(net.text(behind), net.text(ids))
    assert (net.text(before) - net.text(ids)).abs().max() > 1e-4


def test_towers_that_do_not_exist_are_refused() -> None:
    """None, and another name."""
    for towers in ((), ("audio",)):
        with pytest.raises(ValueError, match="towers must be some of"):
            ClipConfig(towers=towers)
