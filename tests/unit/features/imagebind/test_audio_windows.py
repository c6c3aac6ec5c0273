"""ImageBind's embeddings of sound, window by window, on small networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from avmeter.dsp.mel import imagebind_mel
from avmeter.errors import UsageError
from avmeter.features.base import get_extractor
from avmeter.media import MediaItem
from avmeter.runtime import Runtime
from golden import synth
from support import require
from support.extractors import extract
from support.imagebind import RATE, sound
from support.networks import EMBEDDING_DIM

require.package("ftfy")
require.package("regex")


def places(extractor: Any, item: MediaItem) -> list[tuple[float, float]]:
    return [(w.start_s, w.duration_s) for w in extractor.windows(item)]


def test_windows_are_half_a_second_apart_and_the_last_ends_with_the_sound() -> None:
    """2 s with 1.5 s of overlap, as published."""
    extractor = get_extractor("imagebind_audio_windows")
    assert places(extractor, sound(3)) == [(0, 2), (0.5, 2), (1, 2)]
    assert places(extractor, sound(3.2)) == [(0, 2), (0.5, 2), (1, 2), (1.2, 2)]
    assert places(extractor, sound(2)) == [(0, 2)]
    assert places(extractor, sound(1.5)) == [(0, 1.5)]


def test_other_windows_can_be_asked_for() -> None:
    """Length and overlap are options."""
    extractor = get_extractor("imagebind_audio_windows", window_s=0.5, overlap_s=0)
    assert places(extractor, sound(1.6)) == [(0, 0.5), (0.5, 0.5), (1, 0.5), (1.1, 0.5)]


def test_window_is_read_as_a_clip_of_its_own(runtime: Runtime) -> None:
    """Less its own mean, the first channel, the spectrogram of `imagebind_audio`."""
    item = sound(3, channels=2)
    extractor: Any = get_extractor("imagebind_audio_windows", mean_removal="independent")
    waves = np.stack([synth.chirp_noise(RATE, 3, seed=i) + 0.1 for i in range(2)]).astype(np.float32)
    piece = waves[:, RATE // 2 : RATE // 2 + 2 * RATE]
    expected = imagebind_mel(torch.from_numpy(piece[:1] - piece.mean()))
    found = list(extractor.windows(item))[1].inputs["mel"]
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-4)


def test_running_mean_removal_is_what_earlier_windows_leave_behind() -> None:
    """As published: the first window is its own, later ones have lost more than their mean."""
    item = sound(4)
    running, own = (
        [w.inputs["mel"] for w in get_extractor("imagebind_audio_windows", mean_removal=rule).windows(item)]  # type: ignore[attr-defined]
        for rule in ("running", "independent")
    )
    np.testing.assert_array_equal(running[0], own[0])
    assert any(np.abs(a - b).max() > 0 for a, b in zip(running[1:], own[1:], strict=True))


def test_pooled_windows_have_places_and_embeddings(runtime: Runtime) -> None:
    """Arrays of one length; a sound that keeps its promise has no fact."""
    features = extract(get_extractor("imagebind_audio_windows"), sound(3), runtime)
    assert features["embedding"].shape == (3, EMBEDDING_DIM)
    assert features["start_s"].tolist() == [0, 0.5, 1]
    assert features["duration_s"].tolist() == [2, 2, 2]
    assert features.facts == {}


@pytest.mark.parametrize(
    "options",
    [{"window_s": 2.1}, {"window_s": 0.02}, {"overlap_s": 2.0}, {"overlap_s": -0.1}, {"window_s": float("nan")}],
)
def test_windows_that_cannot_be_read_or_do_not_move_on_are_refused(options: dict[str, float]) -> None:
    """Before anything runs, with the range."""
    with pytest.raises(UsageError, match=next(iter(options))):
        get_extractor("imagebind_audio_windows", **options)
