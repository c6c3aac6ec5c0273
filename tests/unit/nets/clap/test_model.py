"""Small CLAP networks: building, fusion, batches."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch

from avmeter.errors import MissingDependencyError
from avmeter.nets import clap
from avmeter.nets.clap import DummyTokens
from support import require
from support.clap_networks import SMALL, filled

require.package("transformers")


@pytest.fixture(scope="module")
def net() -> Any:
    return filled(clap.build(SMALL))


def test_constants_are_those_of_an_ordinary_construction(net: Any) -> None:
    """Building without initialisation leaves no integer buffer undefined."""
    ordinary = type(net)(net.config)
    constants = {k: v for k, v in ordinary.named_buffers() if not v.is_floating_point()}
    built = dict(net.named_buffers())
    assert len(constants) == 4 + 2 + 5
    for name, value in constants.items():
        torch.testing.assert_close(built[name], value, rtol=0, atol=0)


def test_building_draws_no_random_numbers() -> None:
    """The global generator is where it was."""
    before = torch.get_rng_state()
    clap.build(SMALL)
    assert torch.equal(before, torch.get_rng_state())


@torch.no_grad()
def test_fusion_is_decided_clip_by_clip(net: Any) -> None:
    """A clip's embedding depends on its own flag only, and has length 1."""
    features = torch.randn(3, 4, 250, 16, generator=torch.Generator().manual_seed(1))
    longer = torch.tensor([True, False, True])
    together = clap.audio_features(net, features, longer)
    torch.testing.assert_close(together.norm(dim=-1), torch.ones(3))
    for i in range(3):
        alone = clap.audio_features(net, features[i : i + 1], longer[i : i + 1])
        torch.testing.assert_close(alone[0], together[i], rtol=0, atol=1e-5)
    swapped = clap.audio_features(net, features, ~longer)
    assert (swapped - together).abs().amax(-1).min() > 1e-3


@torch.no_grad()
def test_padding_does_not_change_a_text(net: Any) -> None:
    """A text alone and beside a longer one has the same embedding."""
    tokens = DummyTokens(max_tokens=40)(["dog", "a very long rain"])
    together = clap.text_features(net, tokens.ids, tokens.mask)
    alone = clap.text_features(net, tokens.ids[:1, :5], tokens.mask[:1, :5])
    assert tokens.mask[0].tolist() == [1] * 5 + [0] * 13
    torch.testing.assert_close(alone[0], together[0], rtol=0, atol=1e-5)
    torch.testing.assert_close(together.norm(dim=-1), torch.ones(2))


@pytest.mark.parametrize("wrapped", [True, False])
def test_both_return_types_of_transformers_are_understood(wrapped: bool) -> None:
    """Version 5 returns an object with the embedding inside, version 4 the embedding."""

    class Output:
        pooler_output = torch.tensor([[3.0, 4.0]])

    class Model:
        def get_text_features(self, **_: Any) -> Any:
            return Output() if wrapped else Output.pooler_output

    ids = torch.ones(1, 2, dtype=torch.long)
    model: Any = Model()
    torch.testing.assert_close(clap.text_features(model, ids, ids), torch.tensor([[0.6, 0.8]]))


def test_absent_transformers_names_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A network says what to install."""
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'avmeter\[clap\]'"):
        clap.build(SMALL)


def test_importing_the_module_does_not_import_transformers() -> None:
    """transformers takes seconds to import: only building a network pays for it."""
    code = "import sys, avmeter.nets.clap, avmeter.dsp.clap; sys.exit('transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
