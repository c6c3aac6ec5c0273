"""YAMNet's patches."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.media import MediaItem
from support.audioset import extractor, windows


def test_short_patch_is_padded_and_steps_are_half_a_patch() -> None:
    """0.96 s every 0.48 s; what is shorter is one patch with zeros behind."""
    (window,) = windows("yamnet", 8_000)
    assert not window.inputs["patch"][49:].any()
    assert [w.start_s for w in windows("yamnet", 32_000)] == pytest.approx([0.0, 0.48, 0.96])


def test_patch_is_the_logarithm_of_mel_and_never_below_its_offset() -> None:
    """Silence is the lowest value that the quantised input can hold, log(0.001)."""
    item = MediaItem.from_audio(np.zeros(16_000, np.float32), 16_000)
    for window in extractor("yamnet", protocol="av-benchmark").windows(item):
        np.testing.assert_allclose(window.inputs["patch"], np.log(0.001), rtol=1e-6)


def test_patches_are_averaged() -> None:
    """Mean logits and mean embedding over all patches."""
    yamnet, found = extractor("yamnet"), windows("yamnet", 32_000)
    outputs = [
        {"logits": np.array([i, -i], np.float32), "embedding": np.array([2.0 * i], np.float32)} for i in range(3)
    ]
    pooled = yamnet.pool(outputs, [w.without_inputs() for w in found], {})
    np.testing.assert_array_equal(pooled["logits"], [1, -1])
    np.testing.assert_array_equal(pooled["embedding"], [2])
    assert pooled.facts == {"used_seconds": 1.935, "num_windows": 3}
