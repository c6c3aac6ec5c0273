"""Features as extractors would make them, without networks: what corpus and per-sample metrics are held to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from avmeter.features.base import Features
from avmeter.metrics.base import FeatureSet, Metric
from avmeter.nets.synchformer import OFFSET_GRID_S
from avmeter.sample import Sample

DIM = 16


def tagged(rng: np.random.Generator) -> Features:
    """Of a tagger: logits (527,) and an embedding (16,)."""
    arrays = {
        "logits": rng.standard_normal(527).astype(np.float32),
        "embedding": rng.standard_normal(DIM).astype(np.float32),
    }
    return Features(arrays=arrays, facts={"used_seconds": 5.0})


def compared(rng: np.random.Generator) -> Features:
    """Of Synchformer's comparison: logits (2, 21)."""
    return offsets(*rng.choice(OFFSET_GRID_S, 2))


def offsets(front_s: float, back_s: float) -> Features:
    """Of Synchformer's comparison: these offsets are the likeliest."""
    grid = np.asarray(OFFSET_GRID_S)
    logits = np.stack([-np.abs(grid - s) for s in (front_s, back_s)]).astype(np.float32) * 3
    facts = {"grid_s": list(OFFSET_GRID_S), "num_video_segments": 14, "num_audio_segments": 14, "stretched": None}
    return Features(arrays={"logits": logits, "start_s": np.zeros(2)}, facts=facts)


MAKERS: dict[str, Callable[[np.random.Generator], Features]] = {
    "passt": tagged,
    "synchformer_offset": compared,
}
"""Extractor -> its features."""


def samples(metric: Metric, count: int, *, seed: int = 0, equal_sides: bool = False) -> list[tuple[Sample, FeatureSet]]:
    """Samples and what the metric gets for each."""
    rng = np.random.default_rng(seed)
    made = []
    for i in range(count):
        features = FeatureSet({need.name: MAKERS[need.extractor](rng) for need in metric.needs})
        if equal_sides and "reference" in features:
            features["reference"] = features["generated"]
        made.append((Sample(id=f"{i:03}"), features))
    return made
