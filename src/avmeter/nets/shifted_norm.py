"""Batch norms as TensorFlow's checkpoints have them: without the counter of batches, with or without a scale."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ShiftedNorm(nn.Module):
    """(x - mean) / sqrt(variance + eps) + bias over axis 1 of (B, C, ...), with stored statistics."""

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, *, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (B, C, ...); the shape stays."""
        return nn.functional.batch_norm(x, self.running_mean, self.running_var, None, self.bias, eps=self.eps)


class ScaledNorm(ShiftedNorm):
    """A batch norm with scale, without the counter of batches that PyTorch's has and the checkpoint lacks."""

    def __init__(self, channels: int, *, eps: float) -> None:
        super().__init__(channels, eps=eps)
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (B, C, ...); the shape stays."""
        return nn.functional.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
