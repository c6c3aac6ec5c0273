"""PANNs' windows: a clip whole, a long one in parts."""

from __future__ import annotations

import numpy as np

from support.audioset import extractor, windows


def test_clip_is_read_whole_and_a_long_one_to_its_end() -> None:
    """Up to a minute one window; above, windows of 10 s, the last of which ends with the clip."""
    (window,) = windows("panns", 60 * 16_000)
    assert window.inputs["waveform"].shape == (960_000,)
    found = windows("panns", 64 * 16_000)
    assert [w.start_s for w in found] == [0, 10, 20, 30, 40, 50, 54]
    assert {w.inputs["waveform"].shape for w in found} == {(160_000,)}
    assert len(windows("panns", 70 * 16_000)) == 7


def test_outputs_of_a_long_clip_are_averaged() -> None:
    """Logits and embedding are means over windows; the facts say how much was read."""
    panns, found = extractor("panns"), windows("panns", 64 * 16_000)
    outputs = [
        {"logits": np.full(527, i, np.float32), "embedding": np.full(2048, 2 * i, np.float32)}
        for i in range(len(found))
    ]
    pooled = panns.pool(outputs, [w.without_inputs() for w in found], {})
    assert (pooled["logits"][0], pooled["embedding"][0]) == (3.0, 6.0)
    assert pooled.facts == {"used_seconds": 64.0, "num_windows": 7}
