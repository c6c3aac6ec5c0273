"""The transformer that PE-AV's towers share."""

from __future__ import annotations

import pytest
import torch

from avmeter.nets.pe_av.layers import rotate
from support import require

require.package("transformers")


def test_rotation_turns_pairs_and_keeps_their_length() -> None:
    """By 90 degrees (1, 0) becomes (0, 1); angle 0 changes nothing."""
    x = torch.tensor([[1.0, 0.0, 2.0, 0.0], [1.0, 0.0, 2.0, 0.0]])
    angles = torch.tensor([[0.0, 0.0], [torch.pi / 2, torch.pi]])
    expected = torch.tensor([[1.0, 0.0, 2.0, 0.0], [0.0, 1.0, -2.0, 0.0]])
    torch.testing.assert_close(rotate(x, angles), expected, rtol=0, atol=1e-6)


def test_scores_of_rotated_vectors_depend_on_their_distance_alone() -> None:
    """What rotary positions are for."""
    q, k = torch.randn(2, 4, generator=torch.Generator().manual_seed(0))
    rates = torch.tensor([1.0, 0.1])
    scores = [float(rotate(q, (i + 3) * rates) @ rotate(k, i * rates)) for i in (0.0, 1.0, 7.0)]
    assert scores[1:] == pytest.approx(scores[:1] * 2, abs=1e-5)
