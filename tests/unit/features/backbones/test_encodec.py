"""EnCodec's windows and rows."""

from __future__ import annotations

import numpy as np

from avmeter.features.backbones.encodec import EncodecExtractor
from avmeter.media import MediaItem

RATE = 24_000


def windows(duration_s: float):
    noise = (0.1 * np.random.default_rng(1).standard_normal(round(duration_s * RATE))).astype(np.float32)
    return list(EncodecExtractor().windows(MediaItem.from_audio(noise, RATE)))


def test_sound_of_a_minute_is_read_whole_and_longer_sound_in_windows() -> None:
    """The last is the rest: no sample counts twice."""
    assert [w.duration_s for w in windows(5.0)] == [5.0]
    assert [(w.start_s, w.duration_s) for w in windows(70.0)] == [(0, 30), (30, 30), (60, 10)]


def test_rows_are_those_of_all_windows_in_order() -> None:
    """One for each frame."""
    found = windows(70.0)
    outputs = [{"embedding": np.full((i + 1, 128), i, np.float32)} for i in range(3)]
    pooled = EncodecExtractor().pool(outputs, [w.without_inputs() for w in found], {})
    assert pooled["embedding"].shape == (6, 128)
    assert pooled["embedding"][:, 0].tolist() == [0, 1, 1, 2, 2, 2]
    assert pooled.facts["num_windows"] == 3
