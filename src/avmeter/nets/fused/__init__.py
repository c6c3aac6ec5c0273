"""Networks over fused kernels: what moves memory between matrix products is one pass, in Triton.

    network.fuse(float16) -> the same methods, computed by

    products     operands of half precision, sums in float32; the residual stream is summed up by them
    pointwise    layer norm, GELU: one pass each
    attention    divided space-time attention without regrouping; torch's own kernels elsewhere

For GPUs with Triton, in half precision and beside TF32 (float16 holds as many digits of an operand). Everywhere else,
and in strict float32, networks run as they are written; parity is proven on that form, and the fused one is tested
against it.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch


@runtime_checkable
class Fusable(Protocol):
    """A network that has a form over fused kernels."""

    def fuse(self, dtype: torch.dtype) -> None:
        """Compute by fused kernels from now on; the parameters must be filled, and stay on their device.

        The kernels are run once, on zeros, so that what does not compile is known now.

        Args:
            dtype: Type of the operands of matrix products.

        Raises:
            OperandRangeError: Some input could lead to numbers beyond that type.

        Whatever it raises, the network stays as it was.
        """


class OperandRangeError(ValueError):
    """Some value of a network might be beyond the type of its operands."""
