"""What PE-AV's extractors make of a clip, without the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from avmeter.features.base import Features, get_extractor
from avmeter.media import MediaItem
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource
from support.media import numbered, tone

RATE = 48_000


PARTS = ("pe_av_codec", "pe_av_frame", "pe_av_embedding", "pe_av_text")


def runtime(precision: str = "float32", weights: Any = "auto") -> Runtime:
    """Return a runtime on the CPU."""
    return Runtime(device=torch.device("cpu"), precision=precision, weights=WeightsSource.parse(weights))


def made(extractor: Any, media: Any, on: Runtime) -> Features:
    """What the engine would make of one item."""
    extractor.load(on)
    windows = list(extractor.windows(media))
    with torch.inference_mode():
        outputs = [o for w in windows for o in extractor.run([w], on)]
    return extractor.pool(outputs, [w.without_inputs() for w in windows], extractor.facts(media))  # type: ignore[no-any-return]


def load_all(model: str, on: Runtime) -> None:
    """Load every part of a model."""
    for name in PARTS:
        get_extractor(name, model=model).load(on)


def film(duration_s: float, num_frames: int, *, fps: float = 25.0) -> MediaItem:
    """Grey frames that tell their number, and a tone."""
    return MediaItem.from_frames(
        numbered(num_frames, 30, 40), fps, audio=tone(440, 0.3, RATE, duration_s), sample_rate=RATE
    )


def embedded(folder: Path, item: MediaItem, modalities: str = "audio_video", on: Runtime | None = None) -> Features:
    """Return the embeddings that the parents' features of one item become."""
    on = on or runtime()
    extractor: Any = get_extractor("pe_av_embedding", model=str(folder), modalities=modalities)
    parents = {name: made(parent, item, on) for name, parent in extractor.parents().items()}
    return made(extractor, parents, on)
