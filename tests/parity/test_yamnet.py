"""YAMNet with its real weights: not against published numbers, which this export has not, but against sense."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avmeter import Evaluator
from avmeter.features.audioset import yamnet
from avmeter.media import AudioSpec, MediaItem
from golden import synth
from support import require

require.package("onnxruntime")

CLIPS = ("ltx2.wav", "3qesirWAGt4_20000_30000.mp4", "ZYc410CE4Rg_0_10000.mp4")
RATE = 16_000
METRICS = ("audio.kl_divergence", "audio.frechet_distance")


@pytest.fixture(scope="module", params=["rendered", pytest.param("real", marks=pytest.mark.media)])
def waves(request: pytest.FixtureRequest) -> list[np.ndarray]:
    """Three sounds of different kinds."""
    require.weights("yamnet")
    if request.param == "real":
        paths = [require.media(name) for name in CLIPS]
    else:
        paths = [Path(sample["video"]) for sample in request.getfixturevalue("rendered_clips")[1:]]
    return [np.array(MediaItem.open(path).audio(AudioSpec(sample_rate=RATE))[:]) for path in paths]


def distances(generated: list[np.ndarray], reference: list[np.ndarray]) -> tuple[float, float]:
    """Mean KL divergence and Fréchet distance."""
    evaluator = Evaluator(METRICS, store=None, options={m: {"backbone": "yamnet"} for m in METRICS})
    pairs = zip(generated, reference, strict=True)
    results = evaluator.evaluate(samples=[{"audio": (a, RATE), "reference_audio": (b, RATE)} for a, b in pairs])
    evaluator.shutdown()
    divergences = [row["audio.kl_divergence"].score for row in results]
    frechet = results.corpus["audio.frechet_distance"].score
    assert frechet is not None
    return float(np.mean(np.array(divergences, np.float64))), frechet


def test_a_quiet_copy_is_near_and_noise_and_other_sounds_are_far(waves: list[np.ndarray]) -> None:
    """20 dB down, in 16 bits, is the same sound; noise and other sounds are not, and KL tells swapped pairs."""
    noise = [0.1 * np.random.default_rng(i).standard_normal(len(w)).astype(np.float32) for i, w in enumerate(waves)]
    other = [synth.chirp_noise(RATE, len(w) / RATE, seed=i, f1=500.0 * (i + 1)) for i, w in enumerate(waves)]
    quiet = [np.round(0.1 * w * 32768) / np.float32(32768) for w in waves]
    quiet_kl, quiet_frechet = distances(quiet, waves)
    noise_kl, noise_frechet = distances(noise, waves)
    other_kl, other_frechet = distances(other, waves)
    swapped_kl, swapped_frechet = distances(waves[1:] + waves[:1], waves)
    assert quiet_kl < 0.1 < 1 < min(noise_kl, other_kl, swapped_kl)
    assert quiet_frechet < 0.1 * min(noise_frechet, other_frechet)
    # The same clips in another order are the same corpus.
    assert swapped_frechet == pytest.approx(0.0, abs=1e-3)


def test_the_lowest_input_is_the_floor_of_the_logarithm() -> None:
    """The quantised input ends where the published offset 0.001 puts silence: the front end is the network's own."""
    assert yamnet.LOG_OFFSET == 0.001
    lowest = (0 - yamnet._INPUT_ZERO) * yamnet._INPUT_SCALE
    assert lowest == pytest.approx(np.log(yamnet.LOG_OFFSET), abs=yamnet._INPUT_SCALE / 2)
