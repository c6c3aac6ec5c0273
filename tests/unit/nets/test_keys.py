"""Every network loads its official checkpoint strictly, by a table of names: nothing is guessed or left empty."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from avmeter import nets
from avmeter.errors import WeightsError
from avmeter.nets import clap, clip, ge2e, imagebind, lpips, pe_av, synchformer, wavlm
from avmeter.nets.imagebind import TOWERS, ImageBindConfig
from avmeter.nets.keys import KeyMap
from avmeter.nets.synchformer import PARTS, SynchformerConfig
from support.checkpoints import published_keys
from support.paths import KEYS
from support.pe_av import CONFIG as PE_AV_CONFIG
from support.pe_av import LAYOUT as PE_AV_LAYOUT

State = dict[str, Tensor]

_MODULES = (importlib.import_module(f"avmeter.nets.{m.name}") for m in pkgutil.iter_modules(nets.__path__))
NETWORKS = {module.__name__.rpartition(".")[2]: module for module in _MODULES if hasattr(module, "build")}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A network without memory, its key table, and the names and shapes of its official checkpoint.

    Attributes:
        build: The network, on the meta device.
        keys: Its key table.
        official: The checkpoint, on the meta device.
        unknown: A key of a network that is a little larger.
    """

    build: Callable[[], nn.Module]
    keys: KeyMap
    official: Callable[[], State]
    unknown: str = "head.of.another.network"


def encoder_of_audiobox() -> State:
    """Of WavLM itself: Audiobox's file without its heads has the names of the WavLM release."""
    prefix = "wavlm_model."
    return {k.removeprefix(prefix): v for k, v in published_keys("audiobox").items() if k.startswith(prefix)}


def of_resemblyzer() -> State:
    """No list of keys is published: the two numbers of the training loss, and what torch calls the layers."""
    own = ge2e.build().to("meta").state_dict()
    return {**own, "similarity_weight": torch.empty(1), "similarity_bias": torch.empty(1)}


def of_pe_av() -> State:
    return {key: torch.empty(shape, device="meta") for key, shape in PE_AV_LAYOUT["keys"].items()}


def imagebind_case(*towers: str) -> Case:
    return Case(
        build=lambda: imagebind.build(ImageBindConfig(towers=towers), device="meta"),
        keys=imagebind.key_map(towers),
        official=lambda: published_keys("imagebind"),
        unknown=f"modality_heads.{towers[0]}.3.weight",
    )


def synchformer_case(*parts: str) -> Case:
    return Case(
        build=lambda: synchformer.build(SynchformerConfig(parts=parts), device="meta"),
        keys=synchformer.key_map(parts),
        official=lambda: published_keys("synchformer"),
    )


def pe_av_case(part: str) -> Case:
    return Case(build=lambda: pe_av.build(part, PE_AV_CONFIG).to("meta"), keys=pe_av.KEY_MAPS[part], official=of_pe_av)


def lpips_case(net: str) -> Case:
    return Case(
        build=lambda: lpips.build(net, device="meta"),
        keys=lpips.KEY_MAPS[net],
        official=lambda: published_keys(f"lpips_{net}"),
    )


# Keys of networks that are a little larger: the key table's patterns of unused keys must not take them in.
UNKNOWN = {
    "passt": "blocks.12.norm1.weight", "panns": "conv_block7.conv1.weight", "vggish": "embeddings.6.weight",
}  # fmt: skip


def plain_cases() -> Iterator[tuple[str, Case]]:
    """Networks in one part, with one key table, whose official keys are listed under their name."""
    for name, module in NETWORKS.items():
        if hasattr(module, "KEY_MAP") and (KEYS / f"{name}.keys.json").is_file():
            yield (
                name,
                Case(
                    build=functools.partial(module.build, device="meta"),
                    keys=module.KEY_MAP,
                    official=functools.partial(published_keys, name),
                    unknown=UNKNOWN.get(name, Case.unknown),
                ),
            )


CASES = {
    **dict(plain_cases()),
    "wavlm": Case(build=lambda: wavlm.build(device="meta"), keys=wavlm.KEY_MAP, official=encoder_of_audiobox),
    "ge2e": Case(build=lambda: ge2e.build().to("meta"), keys=ge2e.KEY_MAP, official=of_resemblyzer),
    "msclap": Case(
        build=lambda: clap.build(clap.MsClapConfig(), device="meta"), keys=clap.KEY_MAP,
        official=lambda: clap.MICROSOFT.translate(published_keys("msclap")),
    ),
    "clip": Case(
        build=lambda: clip.build(device="meta"), keys=clip.KEY_MAP, official=lambda: published_keys("clip_vit_b_32"),
    ),
    **{f"lpips {net}": lpips_case(net) for net in lpips.KEY_MAPS},
    **{f"imagebind {'+'.join(towers)}": imagebind_case(*towers) for towers in (("vision", "audio"), TOWERS)},
    **{f"imagebind {tower}": imagebind_case(tower) for tower in TOWERS},
    "synchformer": synchformer_case(*PARTS),
    **{f"synchformer {part}": synchformer_case(part) for part in PARTS},
    **{f"pe_av {part}": pe_av_case(part) for part in pe_av.PARTS},
}  # fmt: skip


@functools.cache
def built(name: str) -> tuple[nn.Module, State]:
    return CASES[name].build(), CASES[name].official()


def load(name: str, state: State) -> None:
    CASES[name].keys.load(built(name)[0], state, source="the-file")


def keys_read(name: str) -> list[str]:
    """Official keys that fill some tensor: the first, one in the middle, and the last."""
    read = sorted(CASES[name].keys.official(own) for own in built(name)[0].state_dict())
    return [read[0], read[len(read) // 2], read[-1]]


def test_every_network_has_a_case() -> None:
    """A new network whose official keys are listed has one of itself; others are added by hand."""
    assert {name.partition(" ")[0] for name in CASES} >= NETWORKS.keys()


@pytest.mark.parametrize("name", CASES)
def test_official_checkpoint_loads(name: str) -> None:
    """Every official key has a place in the network, or is known by name to be read by nobody."""
    load(name, built(name)[1])


@pytest.mark.parametrize("name", CASES)
def test_missing_key_is_named(name: str) -> None:
    """Nothing stays uninitialised: not the first tensor, not the last, nor one between."""
    for key in keys_read(name):
        with pytest.raises(WeightsError) as caught:
            load(name, {k: v for k, v in built(name)[1].items() if k != key})
        assert f"missing: {key} (1)" in str(caught.value)
        assert str(caught.value).startswith("the-file: ")


@pytest.mark.parametrize("name", CASES)
def test_unexpected_key_is_named(name: str) -> None:
    """A larger network, or one with more beside any tensor, is another one."""
    for key in (CASES[name].unknown, *(f"{key}_extra" for key in keys_read(name))):
        with pytest.raises(WeightsError) as caught:
            load(name, built(name)[1] | {key: torch.empty(1, device="meta")})
        assert f"unexpected: {key} (1)" in str(caught.value)


@pytest.mark.parametrize("name", CASES)
def test_wrong_shape_is_named_with_both(name: str) -> None:
    """What the file has, and what the network needs."""
    for key in keys_read(name):
        right = tuple(built(name)[1][key].shape)
        with pytest.raises(WeightsError) as caught:
            load(name, built(name)[1] | {key: torch.empty((*right, 2), device="meta")})
        assert f"shape: {key} is {(*right, 2)}, needs {right} (1)" in str(caught.value)


def test_many_wrong_keys_are_counted_and_five_of_them_named() -> None:
    """A file of another network gives a message that can be read."""
    with pytest.raises(WeightsError) as caught:
        load("vggish", {})
    assert "missing: embeddings.0.bias, embeddings.0.weight," in str(caught.value)
    assert "... (18)" in str(caught.value)


def test_rules_apply_in_order_to_the_own_name() -> None:
    """The second rule sees what the first has made."""
    keys = KeyMap(rules=((r"^blocks\.", "layers."), (r"^layers\.0\.", "stem.")), unused=(r"stem\.mask",))
    assert keys.official("blocks.0.weight") == "stem.weight"
    assert keys.official("blocks.1.weight") == "layers.1.weight"


def test_unused_patterns_match_whole_keys() -> None:
    """A key that merely begins like an unused one is not unused."""
    keys = KeyMap(unused=(r"stem\.mask",))
    assert keys.is_unused("stem.mask")
    assert not keys.is_unused("stem.mask.weight")
    assert not keys.is_unused("a.stem.mask")


def test_values_arrive_under_the_own_names() -> None:
    """Not only shapes: the tensor of an official key fills the parameter that maps to it."""
    net = nn.Linear(2, 1)
    KeyMap(rules=((r"^", "top."),)).load(
        net, {"top.weight": torch.tensor([[1.0, 2.0]]), "top.bias": torch.tensor([3.0])}, source="the-file"
    )
    assert net(torch.tensor([1.0, 1.0])).item() == 6.0
