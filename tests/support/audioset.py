"""Windows that extractors of AudioSet networks cut of noise."""

from __future__ import annotations

from typing import Any

import numpy as np

from avmeter.features.base import Window, WindowExtractor, get_extractor
from avmeter.media import MediaItem

NAMES = ("passt", "panns", "vggish", "yamnet")


RATES = {"passt": 32_000, "panns": 16_000, "vggish": 16_000, "yamnet": 16_000}


def extractor(name: str, **options: Any) -> WindowExtractor:
    """Return an extractor that cuts windows."""
    found = get_extractor(name, **options)
    assert isinstance(found, WindowExtractor)
    return found


def noise(num_samples: int) -> np.ndarray:
    """Return quiet noise of this length, the same every time."""
    return (0.1 * np.random.default_rng(1).standard_normal(num_samples)).astype(np.float32)


def windows(name: str, num_samples: int, **options: Any) -> list[Window]:
    """Return what an extractor cuts out of noise of this length, at its own rate."""
    item = MediaItem.from_audio(noise(num_samples), RATES[name])
    return list(extractor(name, **options).windows(item))
