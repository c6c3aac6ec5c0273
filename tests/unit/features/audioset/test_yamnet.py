"""YAMNet's patches."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from avmeter.features.audioset.yamnet import CPU_BATCH, WINDOW
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource
from support.audioset import extractor, windows


def test_short_patch_is_followed_by_silence_and_steps_are_half_a_patch() -> None:
    """0.96 s every 0.48 s; what is shorter is one patch, with silence behind it."""
    (window,) = windows("yamnet", 8_000)
    assert window.inputs["waveform"].shape == (WINDOW,)
    assert window.inputs["waveform"][:8_000].any()
    assert not window.inputs["waveform"][8_000:].any()
    assert window.duration_s == 0.5
    assert [w.start_s for w in windows("yamnet", 32_000)] == pytest.approx([0.0, 0.48, 0.96])


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


@torch.inference_mode()
def test_patches_have_the_same_bits_in_every_batch() -> None:
    """Or runs that were resumed or split would differ from undivided ones."""
    on = Runtime(device=torch.device("cpu"), precision="float32", weights=WeightsSource.parse("dummy"))
    yamnet = extractor("yamnet")
    yamnet.load(on)
    waveforms = torch.randn(CPU_BATCH + 2, WINDOW, generator=torch.Generator().manual_seed(0))
    together = yamnet.forward({"waveform": waveforms})
    for picked in ([0], [3, 1], [CPU_BATCH + 1, *range(CPU_BATCH)]):
        alone = yamnet.forward({"waveform": waveforms[picked]})
        assert all(torch.equal(alone[name], together[name][picked]) for name in together)
