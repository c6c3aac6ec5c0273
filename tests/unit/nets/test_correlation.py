"""Correlations of all pairs, and where they are looked up."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from avmeter.nets import correlation
from avmeter.nets.correlation import Correlation, pairs_at_once, pixel_grid


def maps(num: int = 2, dim: int = 3, height: int = 16, width: int = 19) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(0)
    a, b = (torch.randn(num, dim, height, width, generator=rng) for _ in range(2))
    return a, b


def test_finest_level_has_the_products_around_each_place() -> None:
    """In a square that goes down first; zero outside."""
    queries, targets = maps()
    found = Correlation(queries, targets, radius=1).lookup(pixel_grid(queries).expand(2, -1, -1, -1))
    assert found.shape == (2, 4 * 9, 16, 19)
    y, x = 5, 7
    square = [(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    expected = [torch.dot(queries[1, :, y, x], targets[1, :, v, u]) / math.sqrt(3) for u, v in square]
    torch.testing.assert_close(found[1, :9, y, x], torch.stack(expected), atol=1e-5, rtol=1e-5)
    assert found[:, :3, :, 0].abs().max() < 1e-5


def test_volume_too_large_to_be_held_has_the_same_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made again for every lookup, a few queries at a time."""
    queries, targets = maps()
    places = pixel_grid(queries) + 2 * torch.rand(2, 2, 16, 19, generator=torch.Generator().manual_seed(1))
    held = Correlation(queries, targets, radius=2)
    monkeypatch.setattr(correlation, "HELD", 1000)
    monkeypatch.setattr(correlation, "_PART", 2 * 16 * 19 * 7)
    anew = Correlation(queries, targets, radius=2)
    for _ in range(2):
        torch.testing.assert_close(anew.lookup(places), held.lookup(places))
    assert (held._held is None, anew._held is None) == (False, True)


def test_pairs_are_taken_together_as_far_as_their_volumes_are_held() -> None:
    """Many of small frames, one of large ones."""
    assert pairs_at_once(60, 104) == 27
    assert pairs_at_once(135, 240) == pairs_at_once(270, 480) == 1
