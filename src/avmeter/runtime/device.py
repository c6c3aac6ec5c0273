"""Devices of this machine: from the names that users give them to torch, and back to words."""

from __future__ import annotations

import os
import platform
import warnings

import torch

from avmeter.errors import UsageError


def device_named(name: str) -> torch.device:
    """Return the torch device of a name; "auto" is the first GPU, else the CPU.

    Raises:
        UsageError: Torch knows no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"device {name!r} is not a torch device", hint='use "auto", "cpu" or "cuda:0"') from error
    if device.type == "meta":
        raise UsageError(f"device {name!r} computes nothing", hint='use "auto", "cpu" or "cuda:0"')
    if device.type == "cuda" and not torch.cuda.is_available():
        warnings.warn(f"device {name!r}: no GPU that torch can use; running on the CPU", stacklevel=3)
        return torch.device("cpu")
    return device


def require_gpus(count: int, device: str) -> None:
    """Refuse more GPUs than there are, or some of them by a device's name."""
    found = torch.cuda.device_count()
    if count > found:
        raise UsageError(f"num_gpus={count}: torch sees {found} here", hint="leave out `num_gpus`, or ask for fewer")
    if device not in ("auto", "cuda", "cuda:0"):  # FastVideo's default is the last
        raise UsageError(
            f"num_gpus={count} with device={device!r}: the first {count} GPUs are meant",
            hint="leave out `device`; `CUDA_VISIBLE_DEVICES` chooses among them",
        )


def num_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def describe_device(device: torch.device) -> str:
    """Return a human-readable device name."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu ({platform.machine()})"
