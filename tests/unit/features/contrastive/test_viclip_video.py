"""ViCLIP's videos."""

from __future__ import annotations

import numpy as np

from avmeter.features.base import get_extractor
from avmeter.media import MediaItem
from support.extractors import extract, window_extractor
from support.media import numbered
from support.picture_networks import EMBEDDING_DIM, small_runtime


def test_eight_frames_are_one_window() -> None:
    """From the first to the last, squares in [0, 1]."""
    item = MediaItem.from_frames(numbered(20), 10.0)
    (window,) = window_extractor("viclip_video").windows(item)
    assert window.inputs["pixels"].shape == (8, 3, 224, 224)
    means = window.inputs["pixels"].mean(axis=(1, 2, 3))
    assert len(np.unique(means)) == 8
    features = extract(get_extractor("viclip_video"), item, small_runtime())
    assert features["embedding"].shape == (EMBEDDING_DIM["viclip"],)
    assert features.facts == {"num_frames": 20}
