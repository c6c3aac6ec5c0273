"""VGGish's examples: one row each, as many as the sound holds."""

from __future__ import annotations

import numpy as np
import pytest

from support.audioset import extractor, windows


@pytest.mark.parametrize(
    ("num_samples", "num_examples"), [(15_600, 1), (15_600 + 15_359, 1), (15_600 + 15_360, 2), (16_000 * 10, 10)]
)
def test_examples_lie_side_by_side_as_long_as_they_are_whole(num_samples: int, num_examples: int) -> None:
    """0.96 s each; a rest that fills no example is not read."""
    found = windows("vggish", num_samples)
    assert [w.start_s for w in found] == pytest.approx([0.96 * i for i in range(num_examples)])
    assert {w.inputs["waveform"].shape for w in found} == {(15_600,)}


def test_every_example_is_a_row_of_its_own() -> None:
    """A clip is as many rows of the corpus as it has examples: nothing is averaged."""
    found = windows("vggish", 16_000 * 3)
    outputs = [{"embedding": np.full(128, i, np.float32)} for i in range(len(found))]
    pooled = extractor("vggish").pool(outputs, [w.without_inputs() for w in found], {})
    np.testing.assert_array_equal(pooled["embedding"], np.stack([o["embedding"] for o in outputs]))
    assert pooled.facts == {"used_seconds": 2.88, "num_windows": 3}


def test_av_benchmark_reads_the_first_8_s() -> None:
    """Eight examples of 0.96 s, whatever comes behind."""
    assert len(windows("vggish", 16_000 * 20, protocol="av-benchmark")) == 8
