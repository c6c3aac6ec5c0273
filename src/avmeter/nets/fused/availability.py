"""Whether fused kernels run on a device, and what becomes of a network where they do not."""

from __future__ import annotations

import functools
import logging

import torch

from avmeter.nets.fused import Fusable, OperandRangeError

logger = logging.getLogger("avmeter")

# The first with matrix units for bfloat16.
_MIN_CAPABILITY = (8, 0)


@functools.cache
def is_available(device: torch.device) -> bool:
    """Return True if Triton compiles and runs kernels on this device; tried once, with a product and its GELU.

    Triton needs a C compiler on the machine, besides the card. Its kernels run on the current device, whatever the
    device of their tensors, so whoever launches them sets it.
    """
    if device.type != "cuda" or torch.cuda.get_device_capability(device) < _MIN_CAPABILITY:
        return False
    try:
        from avmeter.nets.fused.gelu_product import linear_gelu

        with torch.cuda.device(device):
            ones = torch.ones(16, 64, dtype=torch.float16, device=device)
            product = linear_gelu(ones / 64, ones, ones.new_zeros(16))
            return bool((product.float() - 0.8413447).abs().max() < 1e-3)  # GELU of 1
    except Exception as error:  # noqa: BLE001 - whatever Triton fails with, the plain networks take its place
        logger.warning("fused kernels do not run on %s, networks run without them: %s", device, error)
        return False


def fuse_where_possible(net: object, dtype: torch.dtype, device: torch.device) -> None:
    """Fuse a network that can be, on a device that runs its kernels; any other one stays as it is written.

    Args:
        net: Filled, and on the device.
        dtype: Type of the operands of matrix products.
        device: Where the network is.
    """
    if not isinstance(net, Fusable) or not is_available(device):
        return
    try:
        net.fuse(dtype)
    except OperandRangeError as error:
        logger.info("%s is not fused: %s", type(net).__name__, error)
    except Exception as error:  # noqa: BLE001 - as above
        logger.warning("%s runs without fused kernels, one of which fails: %s", type(net).__name__, error)
