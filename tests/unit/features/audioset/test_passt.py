"""PaSST's windows: where they lie, what they hold, and which of them gives what."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.features.base import Features
from avmeter.media import MediaItem
from support.audioset import extractor, noise, windows


@pytest.mark.parametrize(
    ("num_samples", "starts_s"),
    [
        (320_000, [0]),
        (320_001, [0]),
        (320_319, [0]),
        (320_320, [0, 5]),
        (321_536, [0, 5]),
        (480_000, [0, 5]),
        (800_000, [0, 5, 10, 15]),
        (160_000, [0]),
    ],
)
def test_windows_come_every_5_s_while_they_bring_a_new_frame(num_samples: int, starts_s: list[float]) -> None:
    """One sample more than 10 s makes no second window; one mel frame more does, as published."""
    found = windows("passt", num_samples)
    assert [w.start_s for w in found] == starts_s
    assert all(w.inputs["waveform"].shape == (320_000,) for w in found)
    assert found[-1].start_s + found[-1].duration_s == pytest.approx(num_samples / 32_000, abs=0.011)


def test_one_sample_more_than_a_window_changes_nothing() -> None:
    """320000 and 320001 samples give one window each, of equal sound."""
    wave = noise(320_001)
    wave[10] = 0.9  # the peak, so that both are normalised alike
    both = [list(extractor("passt").windows(MediaItem.from_audio(wave[:n], 32_000))) for n in (320_000, 320_001)]
    np.testing.assert_array_equal(*(w[0].inputs["waveform"] for w in both))


@pytest.mark.parametrize(
    ("num_samples", "shapes"),
    [(48_001, [320_000]), (48_000, [320_000, 48_000]), (5_120, [320_000, 5_120]), (5_119, [320_000])],
)
def test_short_clip_is_read_unpadded_for_its_classes(num_samples: int, shapes: list[int]) -> None:
    """Up to 1.5 s a second, unpadded window gives the logits; below 16 mel frames there are none."""
    found = windows("passt", num_samples)
    assert [len(w.inputs["waveform"]) for w in found] == shapes
    outputs = [{"logits": np.full(527, i, np.float32), "embedding": np.full(768, i)} for i in range(len(found))]
    pooled: Features = extractor("passt").pool(outputs, [w.without_inputs() for w in found], {})
    assert pooled["embedding"][0] == 0
    if num_samples == 5_119:
        assert "logits" not in pooled.arrays
    else:
        assert pooled["logits"][0] == len(shapes) - 1


def test_av_benchmark_reads_8_s_or_what_is_asked_for() -> None:
    """One window, cropped, padded to 10 s or cut there; short clips are padded for both outputs."""
    (window,) = windows("passt", 640_000, protocol="av-benchmark")
    assert window.duration_s == 8.0
    assert not window.inputs["waveform"][8 * 32_000 :].any()
    (window,) = windows("passt", 640_000, protocol="av-benchmark", duration_s=5)
    assert window.duration_s == 5.0
    for length, read_s in (("5", 5.0), ("10", 10.0), ("12", 10.0)):
        (window,) = windows("passt", 640_000, protocol=f"av-benchmark@{length}")
        assert window.duration_s == read_s
    assert len(windows("passt", 16_000, protocol="av-benchmark")) == 1


def test_sound_beyond_the_embedding_is_a_fact() -> None:
    """Logits stand on all of a clip, the embedding on its first 10 s; "av-benchmark" reads 8 s for both."""
    item = MediaItem.from_audio(np.random.default_rng(0).normal(0, 0.1, 12 * 32_000).astype(np.float32), 32_000)
    assert dict(extractor("passt").facts(item)) == {"embedding_unread_seconds": 2.0}
    cropped = extractor("passt", protocol="av-benchmark").facts(item)
    assert dict(cropped) == {"unread_seconds": 4.0, "embedding_unread_seconds": 4.0}
