"""Voice embeddings without the engine."""

from __future__ import annotations

from typing import Any

import numpy as np

from avmeter.features.base import Features
from avmeter.media import MediaItem
from avmeter.weights import WeightsSource
from support import require
from support.extractors import cpu_runtime, extract

RATE = 16_000


needs_weights = require.needs(
    "weights", WeightsSource().available("resemblyzer"), "resemblyzer's weights are not on this machine"
)


def embed(extractor: Any, waveform: np.ndarray, rate: int = RATE) -> Features:
    """Compute the features of a voice."""
    with MediaItem.from_audio(waveform, rate) as item:
        return extract(extractor, item, cpu_runtime())
