"""Voice embeddings without the engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from avmeter.features.base import Features
from avmeter.media import MediaItem
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource
from support import require

RATE = 16_000


needs_weights = require.needs(
    "weights", WeightsSource().available("resemblyzer"), "resemblyzer's weights are not on this machine"
)


def runtime() -> Runtime:
    """Return a runtime on the CPU."""
    return Runtime(device=torch.device("cpu"), precision="float32", weights=WeightsSource())


def embed(extractor: Any, waveform: np.ndarray, rate: int = RATE) -> Features:
    """Return the voice embedding of a waveform."""
    extractor.load(runtime())
    with MediaItem.from_audio(waveform, rate) as item:
        windows = list(extractor.windows(item))
    with torch.inference_mode():
        outputs = [o for w in windows for o in extractor.run([w], runtime())]
    return extractor.pool(outputs, [w.without_inputs() for w in windows], {})  # type: ignore[no-any-return]


def noise(num_samples: int, seed: int = 0) -> np.ndarray:
    """Return quiet noise of this length, the same every time."""
    return (0.1 * np.random.default_rng(seed).standard_normal(num_samples)).astype(np.float32)
