"""Normalised pixels."""

from __future__ import annotations

import torch

from avmeter.features.pixels import CLIP, IMAGENET, normalised


def test_each_colour_has_its_own_mean_and_deviation() -> None:
    """On whichever axis the colours are."""
    pixels = torch.rand(2, 3, 4, 5)
    expected = torch.stack([(pixels[:, c] - CLIP.mean[c]) / CLIP.std[c] for c in range(3)], dim=1)
    torch.testing.assert_close(normalised(pixels, CLIP), expected)
    torch.testing.assert_close(normalised(pixels[:, None], CLIP, channels=2), expected[:, None])


def test_type_of_the_pixels_stays() -> None:
    """Half precision is not widened."""
    assert normalised(torch.rand(1, 3, 2, 2).half(), IMAGENET).dtype == torch.float16
