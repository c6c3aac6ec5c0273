"""DNSMOS: windows as the published loop takes them, and means of their scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avmeter.evaluator import Evaluator
from avmeter.features.base import get_extractor
from avmeter.features.quality.dnsmos import WINDOW, published_windows
from avmeter.media import MediaItem
from support import require
from support.extractors import cpu_runtime, noise

RATE = 16_000


def windows(wave: np.ndarray) -> list[Any]:
    extractor: Any = get_extractor("dnsmos")
    return list(extractor.windows(MediaItem.from_audio(wave, RATE)))


def test_windows_of_9_01_s_come_every_second() -> None:
    """12 s have three; each is that part of the sound."""
    wave = noise(12 * RATE)
    found = windows(wave)
    assert [(w.start_s, w.duration_s) for w in found] == [(0, 9.01), (1, 9.01), (2, 9.01)]
    np.testing.assert_allclose(found[1].inputs["waveform"], wave[RATE : RATE + WINDOW], atol=1e-7)


@pytest.mark.parametrize(("num_samples", "expected"), [(160_768, [0]), (11 * RATE, [0, 1]), (9 * RATE, [0]), (1, [0])])
def test_duration_is_floored_as_published(num_samples: int, expected: list[int]) -> None:
    """A fraction of a second at the end opens no window; there is always one."""
    assert published_windows(num_samples) == expected


def test_windows_that_rounding_makes_short_are_left_out_as_published() -> None:
    """Seconds 7 to 23 of a long clip."""
    assert published_windows(40 * RATE) == [*range(7), *range(24, 31)]


@pytest.mark.parametrize("num_samples", [RATE, 5 * RATE, WINDOW - 1])
def test_short_clip_is_doubled_until_it_fills_a_window(num_samples: int) -> None:
    """Repeated whole, cut at the window."""
    wave = noise(num_samples)
    repeated = np.concatenate([wave] * 16)[:WINDOW]
    np.testing.assert_allclose(windows(wave)[0].inputs["waveform"], repeated, atol=1e-7)


def test_scores_are_means_over_windows() -> None:
    """Each of the four on its own."""
    extractor: Any = get_extractor("dnsmos")
    outputs = [{"sig": float(i), "bak": 2.0 * i, "ovrl": 1.0, "p808": -float(i)} for i in range(3)]
    facts = extractor.pool(outputs, [], {}).facts
    assert facts == {"sig": 1.0, "bak": 2.0, "ovrl": 1.0, "p808": -1.0, "num_windows": 3}


def test_both_networks_are_shared_and_dropped_with_the_runtime() -> None:
    """Two extractors hold the same sessions; unloading one leaves them to the other."""
    require.package("onnxruntime")
    require.weights("dnsmos-p835", "dnsmos-p808")
    on = cpu_runtime()
    first, second = get_extractor("dnsmos"), get_extractor("dnsmos")
    first.load(on)
    second.load(on)
    assert first._net is second._net  # type: ignore[attr-defined]
    first.unload()
    assert first._net is None  # type: ignore[attr-defined]
    (output,) = second.run(windows(noise(RATE))[:1], on)  # type: ignore[attr-defined]
    assert set(output) == {"sig", "bak", "ovrl", "p808"}


def test_neither_other_clips_nor_batches_change_a_bit() -> None:
    """Windows run one by one, in one thread each: alone, among others, backwards and in batches."""
    require.package("onnxruntime")
    require.weights("dnsmos-p835", "dnsmos-p808")
    clips = [{"id": f"{i}", "audio": (noise(round(s * RATE), seed=i), RATE)} for i, s in enumerate((11, 9.5))]

    def details(samples: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
        results = Evaluator(["audio.dnsmos"], "cpu", **options).evaluate(samples=samples)
        return {s["id"]: row["audio.dnsmos"].details for s, row in zip(samples, results, strict=True)}

    alone = {name: found for clip in clips for name, found in details([clip]).items()}
    assert [found["num_windows"] for found in alone.values()] == [2, 1]
    for samples, options in ((clips, {}), (clips[::-1], {"batch_size": 8})):
        assert details(samples, **options) == alone
