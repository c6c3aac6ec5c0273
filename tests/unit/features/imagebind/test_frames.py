"""ImageBind's embeddings of frames on small networks: which frames, at which times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from avmeter.errors import UsageError
from avmeter.features.base import get_extractor
from avmeter.media import MediaItem
from avmeter.runtime import Runtime
from support import require
from support.extractors import extract
from support.imagebind import video
from support.media import numbered, write_media
from support.networks import EMBEDDING_DIM

require.package("ftfy")
require.package("regex")


def test_every_frame_is_embedded_at_its_time(runtime: Runtime) -> None:
    """As many embeddings of length 1 as frames, with presentation times and the length of the video."""
    features = extract(get_extractor("imagebind_frames"), video(7), runtime)
    assert features["embedding"].shape == (7, EMBEDDING_DIM)
    np.testing.assert_allclose(np.linalg.norm(features["embedding"], axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(features["times_s"], np.arange(7) / 10)
    assert features.facts["duration_s"] == pytest.approx(0.7)


def test_frame_is_read_twice_by_a_tower_for_pairs(runtime: Runtime) -> None:
    """A single frame stands for both frames, normalised as the pairs of `imagebind_video` are."""
    extractor: Any = get_extractor("imagebind_frames")
    extractor.load(runtime)
    (window,) = extractor.windows(video(1))
    assert window.inputs["pixels"].dtype == np.uint8
    with torch.inference_mode():
        (output,) = extractor.run([window], runtime)
        pixels = torch.from_numpy(window.inputs["pixels"]).float() / 255
        pair = {"pixels": torch.stack([pixels, pixels], dim=1)[None]}
        pairs: Any = get_extractor("imagebind_video")
        pairs.load(runtime)
        expected = pairs.forward(pair)["embedding"][0].numpy()
    np.testing.assert_allclose(output["embedding"], expected, atol=1e-6)


def test_times_are_those_of_presentation(runtime: Runtime, tmp_path: Path) -> None:
    """Frames of a variable rate keep their own times."""
    times_s = np.array([0.0, 0.04, 0.5, 0.54, 1.2])
    path = write_media(tmp_path / "a.mp4", frames=numbered(5), times_s=times_s)
    features = extract(get_extractor("imagebind_frames"), MediaItem.open(path), runtime)
    np.testing.assert_allclose(features["times_s"], times_s, atol=1e-4)


def test_lower_rate_looks_at_the_frame_on_the_screen_at_each_tick(runtime: Runtime) -> None:
    """Four looks a second at ten frames a second: frames 0, 2, 5 and 7."""
    every = extract(get_extractor("imagebind_frames"), video(10), runtime)
    some = extract(get_extractor("imagebind_frames", fps=4), video(10), runtime)
    np.testing.assert_allclose(some["times_s"], [0, 0.25, 0.5, 0.75])
    np.testing.assert_allclose(some["embedding"], every["embedding"][[0, 2, 5, 7]], atol=1e-6)
    assert len(extract(get_extractor("imagebind_frames", fps=1), video(1), runtime)["times_s"]) == 1


@pytest.mark.parametrize("fps", [0, -1, float("inf"), float("nan")])
def test_rate_that_is_no_rate_is_refused(fps: float) -> None:
    """Before anything runs."""
    with pytest.raises(UsageError, match="fps"):
        get_extractor("imagebind_frames", fps=fps)
