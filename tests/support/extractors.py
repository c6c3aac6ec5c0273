"""Extractors without the engine: what it would make of one item, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from avmeter.features.base import Features, Window, WindowExtractor, get_extractor
from avmeter.media import MediaItem
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource


def window_extractor(name: str, **options: Any) -> WindowExtractor:
    """Create an extractor that cuts windows."""
    extractor = get_extractor(name, **options)
    assert isinstance(extractor, WindowExtractor)
    return extractor


def cpu_runtime(precision: str = "float32", weights: Any = "auto") -> Runtime:
    """Create a runtime on the CPU."""
    return Runtime(device=torch.device("cpu"), precision=precision, weights=WeightsSource.parse(weights))


def noise(num_samples: int, seed: int = 0) -> np.ndarray:
    """Draw noise (N,) float32 of an amplitude near 0.1."""
    return (0.1 * np.random.default_rng(seed).standard_normal(num_samples)).astype(np.float32)


def windows_of_noise(name: str, num_samples: int, rate: int, **options: Any) -> list[Window]:
    """Cut noise into an extractor's windows."""
    item = MediaItem.from_audio(noise(num_samples, seed=1), rate)
    return list(window_extractor(name, **options).windows(item))


def extract(extractor: Any, item: Any, runtime: Runtime) -> Features:
    """Load an extractor and compute the features of one item, window by window."""
    assert isinstance(extractor, WindowExtractor)
    extractor.load(runtime)
    windows = list(extractor.windows(item))
    with torch.inference_mode():
        outputs = [output for window in windows for output in extractor.run([window], runtime)]
    return extractor.pool(outputs, [w.without_inputs() for w in windows], extractor.facts(item))


def pool_constant(extractor: WindowExtractor, windows: list[Window], outputs: list[dict[str, Any]]) -> Features:
    """Pool made-up outputs of windows."""
    return extractor.pool(outputs, [w.without_inputs() for w in windows], {})
