"""Whether fused kernels run on a device."""

from __future__ import annotations

import functools
import logging

import torch

logger = logging.getLogger("avmeter")

# The first with matrix units for bfloat16.
_MIN_CAPABILITY = (8, 0)


@functools.cache
def is_available(device: torch.device) -> bool:
    """Return True if Triton compiles and runs a kernel on this device; tried once, with a kernel of the package.

    Triton needs a C compiler on the machine, besides the card.
    """
    if device.type != "cuda" or torch.cuda.get_device_capability(device) < _MIN_CAPABILITY:
        return False
    try:
        from avmeter.nets.fused.pointwise import gelu_in_place

        one = gelu_in_place(torch.ones(8, device=device, dtype=torch.float16))
        return bool((one.float() - 0.8413447).abs().max() < 1e-3)
    except Exception as error:  # noqa: BLE001 - whatever Triton fails with, the plain networks take its place
        logger.warning("fused kernels do not run on %s, networks run without them: %s", device, error)
        return False
