"""Tensors of TensorFlow and JAX under the names and in the order of axes that PyTorch has."""

from __future__ import annotations

from torch import Tensor

_KERNELS = ("kernel", "depthwise_kernel", "w")
_NAMES = {
    "kernel": "weight",
    "depthwise_kernel": "weight",
    "w": "weight",
    "b": "bias",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
    "mean": "running_mean",
    "var": "running_var",
}


def to_channels_first(name: str, tensor: Tensor) -> tuple[str, Tensor]:
    """Return a tensor as PyTorch has it: dots between the parts of its name, output channels before input channels.

    Args:
        name: Parts with slashes between them; the last one says what the tensor is.
        tensor: A kernel (..., in, out), depthwise (..., channels, 1), or whatever else, which stays as it is.
    """
    *parents, last = name.split("/")
    if last in _NAMES and last not in _KERNELS:
        tensor = tensor.reshape(-1)  # one value for each channel, with axes of 1 before it
    elif tensor.dim() >= 2:
        spatial = range(tensor.dim() - 2)
        outer = (-2, -1) if last == "depthwise_kernel" else (-1, -2)
        tensor = tensor.permute(*(axis % tensor.dim() for axis in outer), *spatial).contiguous()
    return ".".join([*parents, _NAMES.get(last, last)]), tensor
