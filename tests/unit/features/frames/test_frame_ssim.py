"""Structural similarity of frames, against published implementations."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.features.frames.frame_ssim import ssim_map
from support.frame_pairs import waves_and_noise

# scikit-image 0.26.0, gaussian_weights, sigma 1.5, biased, per channel.
SCIKIT_IMAGE = [0.7713903491787063, 0.7717917090404626, 0.7711776805269218, 0.7682826380048132]
# Depthwise convolution in float64 with zero padding, as FastVideo has it in float32.
FASTVIDEO = [0.8167527544414106, 0.8161643147471058, 0.8141031291807024, 0.8132684360452221]


def test_maps_agree_with_scikit_image_and_with_fastvideo() -> None:
    """The inner pixels with the one, all pixels with the other."""
    pairs = [(g.astype(np.float32) / 255, r.astype(np.float32) / 255) for g, r in zip(*waves_and_noise(), strict=True)]
    maps = [ssim_map(g, r).numpy().astype(np.float64) for g, r in pairs]
    assert [m[:, 5:-5, 5:-5].mean() for m in maps] == pytest.approx(SCIKIT_IMAGE, abs=3e-6)
    assert [m.mean() for m in maps] == pytest.approx(FASTVIDEO, abs=3e-6)


def test_equal_frames_have_one_everywhere() -> None:
    """Black frames too, whose variance is 0."""
    for frame in (np.zeros((13, 29, 3), np.float32), waves_and_noise()[0][0].astype(np.float32) / 255):
        np.testing.assert_allclose(ssim_map(frame, frame).numpy(), 1, atol=1e-4)
