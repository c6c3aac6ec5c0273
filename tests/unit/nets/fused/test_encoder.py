"""Networks of pre-norm blocks over fused kernels against the same networks as they are written."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor

from support.triton_kernels import DEVICE, DTYPES, error, filled, normal, rounding

from avmeter.nets import imagebind, passt, synchformer  # isort: skip
from avmeter.nets.fused import Fusable, OperandRangeError  # isort: skip
from avmeter.nets.imagebind import ImageBindConfig  # isort: skip
from avmeter.nets.multi_head import TowerConfig  # isort: skip
from avmeter.nets.passt import PasstConfig  # isort: skip
from avmeter.nets.synchformer import SynchformerConfig  # isort: skip


def _imagebind(tower: str) -> Any:
    sizes = TowerConfig(dim=96, depth=3, num_heads=2)
    config = ImageBindConfig(
        towers=(tower,), embedding_dim=32, vision=sizes, audio=sizes, image_size=56, num_mels=36, num_mel_frames=46
    )
    return filled(imagebind.build(config))


def _passt() -> Any:
    config = PasstConfig(dim=64, depth=3, num_heads=2, num_mels=36, num_mel_frames=60, num_classes=11)
    return filled(passt.build(config))


def _synchformer() -> Any:
    config = SynchformerConfig(parts=("audio",), dim=64, num_heads=2, depth=2, num_mels=36, num_mel_frames=46)
    return filled(synchformer.build(config))


CASES: dict[str, tuple[Callable[[], Any], Callable[[Any, torch.dtype], Tensor]]] = {
    "ImageBind vision": (lambda: _imagebind("vision"), lambda n, d: n.vision(normal(3, 3, 2, 56, 56, dtype=d))),
    "ImageBind audio": (lambda: _imagebind("audio"), lambda n, d: n.audio(normal(3, 1, 36, 46, dtype=d))),
    "PaSST": (_passt, lambda n, d: n(normal(2, 1, 36, 55, dtype=d)).logits),
    "Synchformer audio": (_synchformer, lambda n, d: n.audio_features(normal(2, 36, 46, dtype=d))),
}


@pytest.mark.parametrize("case", CASES)
@torch.no_grad()
def test_fused_network_over_float32_differs_by_the_rounding_of_operands(case: str) -> None:
    """As beside TF32: the residual stream stays float32, so the error is that of a few rounded operands."""
    build, run = CASES[case]
    net = build()
    assert isinstance(net, Fusable)
    exact = run(net, torch.float32)
    net.fuse(torch.float16)
    fused = run(net, torch.float32)
    assert fused.dtype == torch.float32
    assert 0 < error(fused, exact) < rounding(torch.float16)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", DTYPES)
@torch.no_grad()
def test_fused_network_in_half_precision_is_as_exact_as_the_plain_one(case: str, dtype: torch.dtype) -> None:
    """Against float32, its error is no larger than that of the plain network in the same type, but for chance."""
    build, run = CASES[case]
    net = build()
    exact = run(net, torch.float32)
    plain = deepcopy(net).to(dtype)
    fused = deepcopy(plain)
    fused.fuse(dtype)
    assert error(run(fused, dtype), exact) < 1.3 * error(run(plain, dtype), exact)


@pytest.mark.parametrize("case", CASES)
@torch.no_grad()
def test_second_run_gives_the_same(case: str) -> None:
    """Sums in place go to no memory that a later batch reads."""
    build, run = CASES[case]
    net = build()
    net.fuse(torch.float16)
    assert torch.equal(run(net, torch.float32), run(net, torch.float32))


@torch.no_grad()
def test_autocast_does_not_reach_into_the_fused_encoder() -> None:
    """The residual stream has the type of the tokens, here float32, whatever autocast would make of its sums."""
    net = _passt()
    exact = net(normal(2, 1, 36, 55)).logits
    net.fuse(torch.float16)
    with torch.autocast(DEVICE.type, dtype=torch.bfloat16):
        tokens = torch.ones(1, 4, 64, device=DEVICE)
        assert net.fused(tokens).dtype == torch.float32
        logits = net(normal(2, 1, 36, 55)).logits
    assert error(logits, exact) < 2 * rounding(torch.bfloat16)


@torch.no_grad()
def test_network_that_might_overflow_stays_as_it_is_written() -> None:
    """A refused network has no half of its blocks fused."""
    net = _passt()
    net.blocks[-1].mlp.fc1.weight.mul_(1e6)
    with pytest.raises(OperandRangeError):
        net.fuse(torch.float16)
    assert net.fused is None


@pytest.mark.parametrize("case", CASES)
@torch.no_grad()
def test_kernels_run_on_the_device_of_the_tokens(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Triton would run them on the current device, which is not that of a worker on the second card."""
    build, run = CASES[case]
    net = build()
    net.fuse(torch.float16)
    devices = []
    monkeypatch.setattr(torch.cuda, "device_of", lambda x: devices.append(x.device) or nullcontext())
    run(net, torch.float32)
    assert {d.type for d in devices} == {DEVICE.type}
