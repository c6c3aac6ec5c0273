"""What PE-AV's extractors make of a clip, without the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from avmeter.features.base import Features, get_extractor
from avmeter.media import MediaItem
from avmeter.runtime import Runtime
from support.extractors import cpu_runtime, extract
from support.media import numbered, tone

RATE = 48_000


PARTS = ("pe_av_codec", "pe_av_frame", "pe_av_embedding", "pe_av_text")


def load_all(model: str, on: Runtime) -> None:
    """Load every extractor of a checkpoint."""
    """Load every part of a model."""
    for name in PARTS:
        get_extractor(name, model=model).load(on)


def film(duration_s: float, num_frames: int, *, fps: float = 25.0) -> MediaItem:
    """Grey frames that show their number, and a tone."""
    return MediaItem.from_frames(
        numbered(num_frames, 30, 40), fps, audio=tone(440, 0.3, RATE, duration_s), sample_rate=RATE
    )


def embedded(folder: Path, item: MediaItem, modalities: str = "audio_video", on: Runtime | None = None) -> Features:
    """Compute the parents' features, then the embeddings over them."""
    """Return the embeddings that the parents' features of one item become."""
    on = on or cpu_runtime()
    extractor: Any = get_extractor("pe_av_embedding", model=str(folder), modalities=modalities)
    parents = {name: extract(parent, item, on) for name, parent in extractor.parents().items()}
    return extract(extractor, parents, on)
