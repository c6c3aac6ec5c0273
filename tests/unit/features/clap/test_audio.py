"""CLAP embeddings of sounds on a small network: what is read of a clip, and what is a skip."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

from avmeter.dsp import clap as dsp
from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import get_extractor
from avmeter.media import MediaItem
from avmeter.runtime import Runtime
from golden import synth
from support import require
from support.clap import MICROSOFT, MODEL, RATE, peaked, sound
from support.extractors import extract
from support.paths import TESTS

require.package("transformers")


@pytest.mark.parametrize("seconds", [0.1, 3, 10, 10.005, 12.5])
def test_input_is_the_published_one_of_the_clip_alone(seconds: float) -> None:
    """Peak to -1 dBFS, then what transformers makes of a single clip after seed 0: the fusion branch, always."""
    extractor: Any = get_extractor("clap_audio")
    (window,) = extractor.windows(sound(seconds, seed=3))
    expected = dsp.fused_input(peaked(synth.chirp_noise(RATE, seconds, seed=3)))
    np.testing.assert_allclose(window.inputs["mel"], expected.input_features.numpy(), rtol=0, atol=1e-3)
    assert bool(window.inputs["is_longer"])
    facts = extractor.facts(sound(seconds))
    assert facts.get("crop_starts_s", []) == [round(s, 4) for s in expected.crop_starts_s]
    assert facts["used_seconds"] == seconds


def test_embedding_has_length_one_and_the_facts_name_what_was_read(runtime: Runtime) -> None:
    """A short clip says how often it was repeated."""
    features = extract(get_extractor("clap_audio"), sound(0.5), runtime)
    assert features["embedding"].shape == (12,)
    assert np.linalg.norm(features["embedding"]) == pytest.approx(1, abs=1e-6)
    assert features.facts == {"model": MODEL, "used_seconds": 0.5, "num_repeats": 20, "num_windows": 1}


def test_windows_read_all_of_a_long_clip(runtime: Runtime) -> None:
    """Windows lie side by side, the last ends with the clip; the embedding is the direction of their mean."""
    extractor: Any = get_extractor("clap_audio", long_clips="windows")
    windows = list(extractor.windows(sound(25)))
    assert [(w.start_s, w.duration_s) for w in windows] == [(0, 10), (10, 10), (15, 10)]
    features = extract(extractor, sound(25), runtime)
    with torch.inference_mode():
        outputs = np.stack([o["embedding"] for o in extractor.run(windows, runtime)])
    mean = outputs.mean(axis=0)
    np.testing.assert_allclose(features["embedding"], mean / np.linalg.norm(mean), rtol=0, atol=1e-5)
    assert features.facts["used_seconds"] == 25
    assert "crop_starts_s" not in features.facts


def test_model_without_fusion_reads_all_windows_unless_the_published_crop_is_asked_for() -> None:
    """One random crop of a long clip is no measurement; the crop with seed 0 is there for comparison, and says so."""
    whole: Any = get_extractor("clap_audio", model="laion/larger_clap_general")
    assert len(list(whole.windows(sound(25)))) == 3
    crop: Any = get_extractor("clap_audio", model="laion/larger_clap_general", long_clips="published")
    (window,) = crop.windows(sound(25))
    assert window.inputs["mel"].shape == (1, dsp.NUM_FRAMES, 64)
    facts = crop.facts(sound(25))
    assert facts["used_seconds"] == 10
    assert 0 <= facts["crop_starts_s"][0] <= 15


def test_laions_own_checkpoints_round_to_16_bits_and_pass_short_clips_by_fusion() -> None:
    """Both are part of LAION's own code; with av-benchmark's protocol, tensors come unrounded."""
    wave = synth.chirp_noise(RATE, 2, seed=3)
    fused: Any = get_extractor("clap_audio", model="630k-audioset-fusion-best")
    (window,) = fused.windows(MediaItem.from_audio(wave, RATE))
    assert not window.inputs["is_longer"]
    rounded = dsp.fused_input(dsp.round_int16(peaked(wave))).input_features.numpy()
    unrounded = dsp.fused_input(peaked(wave)).input_features.numpy()
    np.testing.assert_allclose(window.inputs["mel"], rounded, rtol=0, atol=1e-3)
    assert np.abs(rounded - unrounded).max() > 0.01

    benchmark: Any = get_extractor("clap_audio", protocol="av-benchmark")
    (window,) = benchmark.windows(MediaItem.from_audio(wave, RATE))
    expected = dsp.unfused_input(torch.from_numpy(wave - wave.mean())).input_features.numpy()
    np.testing.assert_allclose(window.inputs["mel"], expected, rtol=0, atol=1e-3)
    other: Any = get_extractor("clap_audio", protocol="av-benchmark@1s")
    assert (other.model, other.facts(MediaItem.from_audio(wave, RATE))["used_seconds"]) == (benchmark.model, 1.0)


@pytest.mark.parametrize("name", [MICROSOFT, "CLAP_weights_2023.pth"])
def test_microsofts_checkpoint_reads_7_seconds_at_its_own_rate(runtime: Runtime, name: str) -> None:
    """44.1 kHz; 100 ms are repeated 70 times; above 7 s windows hear all, and the crop must be asked for."""
    extractor: Any = get_extractor("clap_audio", model=name)
    wave = synth.chirp_noise(44_100, 0.1, seed=3)
    (window,) = extractor.windows(MediaItem.from_audio(wave, 44_100))
    expected = dsp.unfused_input(peaked(wave), input_spec=dsp.MICROSOFT).input_features
    np.testing.assert_allclose(window.inputs["mel"], expected.numpy(), rtol=0, atol=1e-3)
    features = extract(extractor, MediaItem.from_audio(wave, 44_100), runtime)
    assert features.facts == {"model": MICROSOFT, "used_seconds": 0.1, "num_repeats": 70, "num_windows": 1}
    assert extractor.facts(sound(4))["num_repeats"] == 1.75

    whole = [(w.start_s, w.duration_s) for w in extractor.windows(sound(17))]
    assert whole == [(0, 7), (7, 7), (10, 7)]
    crop: Any = get_extractor("clap_audio", model=name, long_clips="published")
    (window,) = crop.windows(sound(17))
    assert window.inputs["mel"].shape == (1, 965, 64)
    start_s = dsp.MICROSOFT.crop_start(17 * 44_100) / 44_100
    facts = {"model": MICROSOFT, "used_seconds": 7, "crop_starts_s": [round(start_s, 4)], "unread_seconds": 10}
    assert crop.facts(sound(17)) == facts


def test_av_benchmark_lets_microsofts_code_open_the_file() -> None:
    """Neither the first 8 s only, nor the mean taken off, as for the tensors that LAION's code is given."""
    wave = synth.chirp_noise(44_100, 9, seed=3) * 0.5 + np.float32(0.25)
    extractor: Any = get_extractor("clap_audio", model=MICROSOFT, protocol="av-benchmark")
    windows = list(extractor.windows(MediaItem.from_audio(wave, 44_100)))
    assert [w.start_s for w in windows] == [0, 2]
    expected = dsp.unfused_input(torch.from_numpy(wave[: 7 * 44_100]), input_spec=dsp.MICROSOFT).input_features
    np.testing.assert_allclose(windows[0].inputs["mel"], expected.numpy(), rtol=0, atol=1e-3)
    assert len(list(get_extractor("clap_audio", model=MICROSOFT).windows(sound(9)))) == 2  # type: ignore[attr-defined]


def test_silence_and_cancelled_channels_are_skips() -> None:
    """Published peak normalisation makes NaN of silence; channels of opposite phase are named as what they are."""
    extractor: Any = get_extractor("clap_audio")
    wave = synth.chirp_noise(RATE, 1)
    for samples, code in (
        (np.zeros(RATE, np.float32), SkipCode.SILENT),
        (np.stack([wave, -wave]), SkipCode.PHASE_CANCELLED),
        (np.zeros(0, np.float32), SkipCode.EMPTY_AUDIO),
        (np.full(RATE, np.nan, np.float32), SkipCode.NON_FINITE),
    ):
        with pytest.raises(SkipError) as caught:
            list(extractor.windows(MediaItem.from_audio(samples, RATE)))
        assert caught.value.code == code


PROMPTS = ("a dog barks", "rain on a tin roof, far away", "дождь", "speech")


SECONDS = (0.1, 0.7, 1.3, 3.3, 5, 9.99, 10, 10.005, 12.5, 21)


def samples(num: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"clip {i}",
            "audio": (synth.chirp_noise(RATE, SECONDS[i % len(SECONDS)], seed=i), RATE),
            "text_prompt": PROMPTS[i % len(PROMPTS)],
        }
        for i in range(num)
    ]


_DIGITS = """
import hashlib, sys
import numpy as np, torch
torch.set_num_threads(2)
sys.path.insert(0, {tests!r})
from avmeter.features.base import get_extractor
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource
from support import clap
runtime = Runtime(device=torch.device("cpu"), precision="float32", weights=WeightsSource(is_dummy=True))
clap.put_small_networks(runtime)
extractor = get_extractor("clap_audio")
extractor.load(runtime)
windows = [next(iter(extractor.windows(clap.sound(3, seed=i)))) for i in range(5)]
for _ in range(2):
    with torch.inference_mode():
        outputs = extractor.run(windows, runtime)
    print(hashlib.sha256(b"".join(np.asarray(v).tobytes() for row in outputs for v in row.values())).hexdigest())
"""


@pytest.mark.endurance
def test_same_batch_gives_the_same_bits_in_every_process() -> None:
    """On the CPU, with the same number of threads: what differs between runs is which clips shared a batch."""
    command = [sys.executable, "-c", _DIGITS.format(tests=str(TESTS))]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() for _ in range(2)]
    assert len({digest for run in runs for digest in run}) == 1
