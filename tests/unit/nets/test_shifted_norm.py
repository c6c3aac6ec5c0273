"""Batch norm without a scale."""

from __future__ import annotations

import torch

from avmeter.nets.shifted_norm import ShiftedNorm


def test_values_are_normalised_by_the_stored_statistics_and_shifted() -> None:
    """(x - mean) / sqrt(variance + eps) + bias, for each channel."""
    norm = ShiftedNorm(2, eps=0.5)
    norm.load_state_dict(
        {
            "bias": torch.tensor([10.0, 20.0]),
            "running_mean": torch.tensor([1.0, 2.0]),
            "running_var": torch.tensor([3.5, 8.5]),
        }
    )
    torch.testing.assert_close(norm(torch.full((1, 2, 1, 1), 5.0)).flatten(), torch.tensor([12.0, 21.0]))
