"""Running Triton's kernels in tests: on the GPU where there is one, else in Triton's interpreter on the CPU.

Triton is part of torch's GPU builds only, so its absence counts as that of a GPU. Import this before
`avmeter.nets.fused`: the interpreter is chosen while kernels are defined.
"""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import Tensor

from support import require

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _prepare() -> None:
    if DEVICE.type == "cpu":
        os.environ["TRITON_INTERPRET"] = "1"
    try:
        import triton  # noqa: F401
    except ImportError:
        require.absent("gpu", "no GPU, and no Triton that could interpret the kernels")
    if DEVICE.type == "cpu":
        _read_scalars_of_new_numpy()


def _read_scalars_of_new_numpy() -> None:
    """The interpreter makes loop bounds of arrays of one number by `int`, which numpy 2.4 refuses."""
    from triton.runtime import interpreter

    patch_tensor: Any = interpreter._patch_lang_tensor

    def patch(tensor: Any, scope: Any) -> None:
        patch_tensor(tensor, scope)
        scope.set_attr(tensor, "__index__", lambda self: int(self.handle.data.item()))

    interpreter._patch_lang_tensor = patch


_prepare()

# The interpreter's products of bfloat16 are wrong.
DTYPES = [torch.float16, torch.bfloat16] if DEVICE.type == "cuda" else [torch.float16]


def error(value: Tensor, expected: Tensor) -> float:
    """Length of the difference over that of what is expected."""
    assert value.shape == expected.shape
    assert bool(value.isfinite().all())
    return float((value.double() - expected.double()).norm() / expected.double().norm())


def rounding(dtype: torch.dtype) -> float:
    """The largest relative error of rounding to a type."""
    return torch.finfo(dtype).eps / 2


def normal(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    """Normal numbers on the device of the kernels."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(DEVICE, dtype)


def filled(net: torch.nn.Module, *, scale: float = 0.1) -> Any:
    """The network on the device of the kernels, its parameters normal numbers."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for value in net.state_dict().values():
            value.copy_(scale * torch.randn(value.shape, generator=generator))
    return net.to(DEVICE).requires_grad_(False)
