"""Networks are filled with a checkpoint or with stand-in values, in one place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from avmeter.errors import WeightsError
from avmeter.features.base import Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.nets.fused import OperandRangeError
from avmeter.nets.keys import KeyMap
from avmeter.runtime import Runtime

STATE = {"official.weight": torch.full((2, 3), 0.5), "official.bias": torch.tensor([1.0, 2.0])}


class Linear(NetworkExtractor):
    """A linear layer whose checkpoint has names of its own."""

    name = "linear"
    takes = "audio"
    entries = ("linear-entry", "its-vocabulary")

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return nn.Linear(3, 2), KeyMap(rules=((r"^", "official."),))

    def windows(self, media: Any) -> Iterator[Window]:
        raise NotImplementedError

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"output": self._net(batch["input"])}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        raise NotImplementedError


class FusableNet(nn.Linear):
    """A layer that remembers for which operands it was fused, and refuses those of bfloat16."""

    fused: torch.dtype | None = None

    def fuse(self, dtype: torch.dtype) -> None:
        if dtype == torch.bfloat16:
            raise OperandRangeError("too large")
        self.fused = dtype


class FusableLinear(Linear):
    """An extractor around it."""

    name = "fusable_linear"

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return FusableNet(3, 2), KeyMap(rules=((r"^", "official."),))


class HalfLinear(Linear):
    """The same, converted in half precision."""

    name = "half_linear"
    half_weights = True


def runtime(state: Mapping[str, Tensor] | None = None, precision: str = "float32") -> Runtime:
    """A runtime whose every checkpoint is `state`; stand-in values without."""
    asked: list[str] = []

    def state_dict(entry: str) -> Mapping[str, Tensor]:
        asked.append(entry)
        assert state is not None
        return state

    weights: Any = SimpleNamespace(is_dummy=state is None, state_dict=state_dict, asked=asked)
    return Runtime(device=torch.device("cpu"), precision=precision, weights=weights)


def loaded(extractor: Linear, on: Runtime) -> Any:
    extractor.load(on)
    return extractor._net


def test_checkpoint_of_the_first_entry_fills_the_network_under_its_official_names() -> None:
    """Values arrive unchanged, in eval mode and without gradients."""
    on = runtime(STATE)
    net = loaded(Linear(), on)
    torch.testing.assert_close(net.weight, STATE["official.weight"], rtol=0, atol=0)
    assert on.weights.asked == ["linear-entry"]  # type: ignore[attr-defined]
    assert not net.training
    assert not any(p.requires_grad for p in net.parameters())


def test_checkpoint_that_does_not_fit_names_entry_and_key() -> None:
    """A missing key is an error, never a random layer."""
    with pytest.raises(WeightsError, match=r"linear-entry.*official\.bias"):
        Linear().load(runtime({"official.weight": STATE["official.weight"]}))


def test_dummy_weights_fill_alike_every_time_without_asking_for_a_checkpoint() -> None:
    """The same stand-in values in every process, of the official names."""
    on = runtime()
    both = [loaded(Linear(), on).weight, loaded(Linear(), runtime()).weight]
    assert torch.equal(*both)
    assert both[0].abs().sum() > 0
    assert on.weights.asked == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("extractor", "precision", "dtype"),
    [
        (Linear, "bf16", torch.float32),
        (HalfLinear, "bf16", torch.bfloat16),
        (HalfLinear, "fp16", torch.float16),
        (HalfLinear, "tf32", torch.float32),
        (HalfLinear, "float32", torch.float32),
    ],
)
def test_one_flag_converts_weights_and_inputs(extractor: type[Linear], precision: str, dtype: torch.dtype) -> None:
    """Weights and what they are fed with have the same type: the flag is asked for both."""
    on = runtime(STATE, precision)
    wrapped = extractor()
    assert loaded(wrapped, on).weight.dtype == dtype
    output = wrapped.launch({"input": torch.ones(4, 3)}, on)["output"]
    assert output.dtype == dtype
    torch.testing.assert_close(output.float(), torch.tensor([[2.5, 3.5]]).expand(4, 2))


def test_extractors_with_equal_key_share_a_network_until_it_is_unloaded() -> None:
    """The second extractor loads nothing; `unload` drops only the extractor's own reference."""
    on = runtime(STATE)
    first, second = Linear(), Linear()
    assert loaded(first, on) is loaded(second, on)
    assert on.weights.asked == ["linear-entry"]  # type: ignore[attr-defined]
    first.unload()
    assert first._net is None
    assert second._net is on.networks[second.network_key()]


@pytest.mark.parametrize(
    ("operands", "available", "fused"),
    [
        (torch.float16, True, torch.float16),
        (torch.float16, False, None),
        (None, True, None),
        (torch.bfloat16, True, None),
    ],
    ids=["fused", "no kernels on the device", "strict float32", "refused by the network"],
)
def test_network_is_fused_where_operands_kernels_and_range_allow_it(
    operands: torch.dtype | None, available: bool, fused: torch.dtype | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anywhere else it stays as it is written."""
    monkeypatch.setattr(Runtime, "operand_dtype", operands)
    monkeypatch.setattr("avmeter.nets.fused.availability.is_available", lambda device: available)
    assert loaded(FusableLinear(), runtime(STATE)).fused == fused
