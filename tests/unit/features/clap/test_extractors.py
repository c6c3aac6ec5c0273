"""CLAP embeddings of sounds and texts on a small network: what is read, in which batches, and nothing at random."""

from __future__ import annotations

import dataclasses
import functools
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from avmeter import create_evaluator
from avmeter.dsp import clap as dsp
from avmeter.errors import SkipCode, SkipError, UnknownNameError, WeightsError
from avmeter.features.base import Features, WindowExtractor, get_extractor
from avmeter.media import MediaItem
from avmeter.nets import clap
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource, resolve
from avmeter.weights.dummy import fill_network
from golden import synth
from support import require
from support.paths import TESTS

require.package("transformers")

RATE = 48_000
MODEL = "clap-htsat-fused"
MICROSOFT = "msclap-2023"
SMALL = clap.ClapConfig(
    audio=clap.AudioTowerConfig(dim=8, depths=(1, 1), num_heads=(1, 2), patch_size=16),
    text=clap.TextTowerConfig(vocabulary=300, dim=16, hidden_dim=32, num_layers=1, num_heads=2),
    embedding_dim=12,
)
SMALL_UNFUSED = dataclasses.replace(SMALL, audio=dataclasses.replace(SMALL.audio, fusion=False))
SMALL_MICROSOFT = clap.MsClapConfig(
    audio=SMALL_UNFUSED.audio, text=clap.GptTowerConfig(dim=16, num_layers=1, num_heads=2), embedding_dim=12
)


@functools.cache
def small_network(config: clap.ClapConfig | clap.MsClapConfig = SMALL) -> Any:
    net = clap.build(config)
    fill_network(net, clap.KEY_MAP.official)
    return net.requires_grad_(False)


def put_small_networks(runtime: Runtime) -> None:
    """Small networks where the runtime looks for CLAP's."""
    for model, checkpoint in clap.CHECKPOINTS.items():
        if isinstance(checkpoint.config, clap.MsClapConfig):
            net = small_network(SMALL_MICROSOFT)
        else:
            net = small_network(SMALL if checkpoint.config.audio.fusion else SMALL_UNFUSED)
        runtime.networks["clap", model] = net


@pytest.fixture
def runtime() -> Runtime:
    runtime = Runtime(device=torch.device("cpu"), precision="float32", weights=WeightsSource(is_dummy=True))
    put_small_networks(runtime)
    return runtime


def embed(extractor: Any, item: Any, runtime: Runtime) -> Features:
    """Features of one item, without the engine."""
    assert isinstance(extractor, WindowExtractor)
    extractor.load(runtime)
    windows = list(extractor.windows(item))
    with torch.inference_mode():
        outputs = [extractor.run([w], runtime)[0] for w in windows]
    return extractor.pool(outputs, [w.without_inputs() for w in windows], extractor.facts(item))


def sound(seconds: float, seed: int = 0) -> MediaItem:
    return MediaItem.from_audio(synth.chirp_noise(RATE, seconds, seed=seed), RATE)


def peaked(wave: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(synth.peak_normalise(wave))


# -- sound ----------------------------------------------------------------------------------------------------


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
    features = embed(get_extractor("clap_audio"), sound(0.5), runtime)
    assert features["embedding"].shape == (12,)
    assert np.linalg.norm(features["embedding"]) == pytest.approx(1, abs=1e-6)
    assert features.facts == {"model": MODEL, "used_seconds": 0.5, "num_repeats": 20, "num_windows": 1}


def test_windows_hear_all_of_a_long_clip(runtime: Runtime) -> None:
    """Windows lie side by side, the last ends with the clip; the embedding is the direction of their mean."""
    extractor: Any = get_extractor("clap_audio", long_clips="windows")
    windows = list(extractor.windows(sound(25)))
    assert [(w.start_s, w.duration_s) for w in windows] == [(0, 10), (10, 10), (15, 10)]
    features = embed(extractor, sound(25), runtime)
    with torch.inference_mode():
        outputs = np.stack([o["embedding"] for o in extractor.run(windows, runtime)])
    mean = outputs.mean(axis=0)
    np.testing.assert_allclose(features["embedding"], mean / np.linalg.norm(mean), rtol=0, atol=1e-5)
    assert features.facts["used_seconds"] == 25
    assert "crop_starts_s" not in features.facts


def test_model_without_fusion_hears_all_windows_unless_the_published_crop_is_asked_for() -> None:
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


@pytest.mark.parametrize("name", [MICROSOFT, "CLAP_weights_2023.pth"])
def test_microsofts_checkpoint_reads_7_seconds_at_its_own_rate(runtime: Runtime, name: str) -> None:
    """44.1 kHz; 100 ms are repeated 70 times; above 7 s windows hear all, and the crop must be asked for."""
    extractor: Any = get_extractor("clap_audio", model=name)
    wave = synth.chirp_noise(44_100, 0.1, seed=3)
    (window,) = extractor.windows(MediaItem.from_audio(wave, 44_100))
    expected = dsp.unfused_input(peaked(wave), input_spec=dsp.MICROSOFT).input_features
    np.testing.assert_allclose(window.inputs["mel"], expected.numpy(), rtol=0, atol=1e-3)
    features = embed(extractor, MediaItem.from_audio(wave, 44_100), runtime)
    assert features.facts == {"model": MICROSOFT, "used_seconds": 0.1, "num_repeats": 70, "num_windows": 1}
    assert extractor.facts(sound(4))["num_repeats"] == 1.75

    whole = [(w.start_s, w.duration_s) for w in extractor.windows(sound(17))]
    assert whole == [(0, 7), (7, 7), (10, 7)]
    crop: Any = get_extractor("clap_audio", model=name, long_clips="published")
    (window,) = crop.windows(sound(17))
    assert window.inputs["mel"].shape == (1, 965, 64)
    start_s = dsp.MICROSOFT.crop_start(17 * 44_100) / 44_100
    assert crop.facts(sound(17)) == {"model": MICROSOFT, "used_seconds": 7, "crop_starts_s": [round(start_s, 4)]}


def test_av_benchmark_lets_microsofts_code_open_the_file() -> None:
    """Neither the first 8 s only, nor the mean taken off, as for the tensors that LAION's code is given."""
    wave = synth.chirp_noise(44_100, 9, seed=3) * 0.5 + np.float32(0.25)
    extractor: Any = get_extractor("clap_audio", model=MICROSOFT, protocol="av-benchmark")
    windows = list(extractor.windows(MediaItem.from_audio(wave, 44_100)))
    assert [w.start_s for w in windows] == [0, 2]
    expected = dsp.unfused_input(torch.from_numpy(wave[: 7 * 44_100]), input_spec=dsp.MICROSOFT).input_features
    np.testing.assert_allclose(windows[0].inputs["mel"], expected.numpy(), rtol=0, atol=1e-3)
    assert len(list(get_extractor("clap_audio", model=MICROSOFT).windows(sound(9)))) == 2  # type: ignore[attr-defined]


def test_protocols_bring_their_own_checkpoints() -> None:
    """The checkpoint is part of a protocol; naming one overrides it, by catalog name or by the papers' name."""
    defaults = {p: get_extractor("clap_audio", protocol=p).weights() for p in ("fastvideo", "av-benchmark")}
    assert defaults == {"fastvideo": (MODEL,), "av-benchmark": ("laion-clap-music-speech-audioset",)}
    for name in ("music_audioset_epoch_15_esc_90.14", "music_audioset_epoch_15_esc_90.14.pt"):
        for extractor in ("clap_audio", "clap_text"):
            assert get_extractor(extractor, model=name).weights() == ("laion-clap-music-audioset",)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "clap-htsat-fuse"}, "clap-htsat-fused"),
        ({"long_clips": "window"}, "windows"),
        ({"protocol": "fast"}, "fastvideo"),
    ],
)
def test_unknown_option_is_refused_with_near_misses(options: dict[str, str], message: str) -> None:
    """A typing mistake is named before anything runs."""
    with pytest.raises(UnknownNameError, match=message):
        get_extractor("clap_audio", **options)


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


# -- text -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "limit"), [(MODEL, 512), ("laion-clap-630k-fused", 77), (MICROSOFT, 77)])
def test_text_beyond_the_limit_is_cut_and_told(runtime: Runtime, model: str, limit: int) -> None:
    """The facts hold how many tokens there were and how many were not read; what is cut has no influence."""
    extractor: Any = get_extractor("clap_text", model=model)
    long, longer = (embed(extractor, "a" * n, runtime) for n in (600, 700))
    assert long.facts == {"model": model, "num_tokens": 602, "num_dropped": 602 - limit, "truncated": True}
    assert np.array_equal(long["embedding"], longer["embedding"])
    exact = embed(extractor, "a" * (limit - 2), runtime)
    assert (exact.facts["num_tokens"], exact.facts["truncated"]) == (limit, False)


@pytest.mark.parametrize(("model", "config"), [(MODEL, SMALL), (MICROSOFT, SMALL_MICROSOFT)])
def test_padding_to_a_common_length_does_not_change_a_text(runtime: Runtime, model: str, config: Any) -> None:
    """Prompts of similar length share batches; each embedding is that of the bare tokens."""
    extractor: Any = get_extractor("clap_text", model=model)
    features = embed(extractor, "a dog", runtime)
    tokens = clap.DummyTokens(scheme=clap.CHECKPOINTS[model].scheme)(["a dog"])
    bare = clap.text_features(small_network(config), tokens.ids, tokens.mask)[0].detach().numpy()
    np.testing.assert_allclose(features["embedding"], bare, rtol=0, atol=1e-6)
    shapes = {extractor.batch_key(w) for text in ("a dog", "rain on a tin roof") for w in extractor.windows(text)}
    assert len(shapes) == 1


@pytest.mark.parametrize("model", [MODEL, MICROSOFT])
def test_any_script_and_half_characters_are_text(runtime: Runtime, model: str) -> None:
    """A prompt in another script is embedded; half of a surrogate pair, as JSON may hold, does no harm."""
    for text in ("дождь по крыше", "雨の音", "\ud83d rain", "!", "<|endoftext|>"):
        assert np.isfinite(embed(get_extractor("clap_text", model=model), text, runtime)["embedding"]).all()


@pytest.mark.parametrize("model", [MODEL, MICROSOFT])
def test_stand_in_tokens_come_with_stand_in_weights_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: str
) -> None:
    """Real weights ask for the real vocabulary, and its absence is named."""
    monkeypatch.setenv("AVMETER_OFFLINE", "1")
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setattr(resolve, "find_in_package", lambda *_: None)
    real = Runtime(device=torch.device("cpu"), precision="float32", weights=WeightsSource.parse(tmp_path))
    with pytest.raises(WeightsError, match=r"vocab\.json"):
        get_extractor("clap_text", model=model).load(real)


# -- weights --------------------------------------------------------------------------------------------------


def test_checkpoints_load_by_their_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of the transformers layout loads as it is; LAION's own goes through the key table, which checks it."""
    checkpoints = {
        name: dataclasses.replace(clap.CHECKPOINTS[name], config=SMALL)
        for name in ("clap-htsat-fused", "laion-clap-630k-fused")
    }
    checkpoints[MICROSOFT] = dataclasses.replace(clap.CHECKPOINTS[MICROSOFT], config=SMALL_MICROSOFT)
    monkeypatch.setattr(clap, "CHECKPOINTS", checkpoints)
    state = small_network().state_dict()
    weights: Any = SimpleNamespace(is_dummy=False, state_dict=lambda _: state)
    runtime = Runtime(device=torch.device("cpu"), precision="float32", weights=weights)
    get_extractor("clap_audio", model="clap-htsat-fused").load(runtime)
    net = runtime.networks["clap", "clap-htsat-fused"]
    assert torch.equal(net.text_projection.linear1.weight, state["text_projection.linear1.weight"])
    with pytest.raises(WeightsError, match="LAION's layout"):
        get_extractor("clap_audio", model="laion-clap-630k-fused").load(runtime)
    with pytest.raises(WeightsError, match="Microsoft's layout"):
        get_extractor("clap_audio", model=MICROSOFT).load(runtime)


# -- through the engine ---------------------------------------------------------------------------------------

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


def evaluator(*metrics: str, **options: Any) -> Any:
    ev = create_evaluator(metrics=list(metrics) or ["audio.clap_score"], weights="dummy", **options)
    put_small_networks(ev._computer.runtime)
    return ev


def of_model(model: str) -> dict[str, Any]:
    return {"options": {"audio.clap_score": {"model": model}}}


def scores(ev: Any, items: list[dict[str, Any]]) -> dict[str, float]:
    results = ev.evaluate(samples=items)
    return {item["id"]: row["audio.clap_score"].score for item, row in zip(items, results, strict=True)}


@pytest.mark.parametrize("model", [MODEL, MICROSOFT])
def test_32_clips_of_mixed_lengths_equal_32_single_calls(model: str) -> None:
    """Nobody else in a batch changes a score."""
    items = samples(32)
    together = scores(evaluator(**of_model(model)), items)
    one_by_one = evaluator(**of_model(model))
    alone = {item["id"]: scores(one_by_one, [item])[item["id"]] for item in items}
    assert len(set(alone.values())) == 32
    for name, score in alone.items():
        assert together[name] == pytest.approx(score, abs=1e-5)


def test_prompts_that_do_not_fit_are_noted_and_empty_ones_skipped() -> None:
    """Through the engine, with Microsoft's limit of 77 tokens; the other sample has its score."""
    items = samples(3)
    items[0]["text_prompt"], items[1]["text_prompt"] = "rain " * 40, "  "
    first, second, third = (row["audio.clap_score"] for row in evaluator(**of_model(MICROSOFT)).evaluate(samples=items))
    assert first.score is not None
    assert first.details["note"] == "the prompt has 202 tokens: the last 125 were not read"
    assert second.score is None
    assert second.skip.code == SkipCode.EMPTY_TEXT
    assert third.score is not None
    assert "note" not in third.details


def test_prompts_are_embedded_once_each_and_one_network_serves_both_sides() -> None:
    """Two metrics over 12 clips with 4 prompts: 12 sounds, 4 texts, one checkpoint loaded."""
    ev = evaluator("audio.clap_score", "audio.text_audio_retrieval")
    built = len(ev._computer.runtime.networks)
    ev.evaluate(samples=samples(12))
    assert ev._executor.counts.windows == {"clap_audio": 12, "clap_text": 4}
    assert len(ev._computer.runtime.networks) == built


def test_global_generators_are_neither_read_nor_moved() -> None:
    """Seeds of the caller's program do not change a score, and its random numbers stay as they were."""
    items = samples(10)[8:]
    found = []
    for seed in (1, 2):
        np.random.seed(seed)
        torch.manual_seed(seed)
        numpy_state, torch_state = np.random.get_state()[1].copy(), torch.get_rng_state()
        found.append(scores(evaluator(), items))
        assert np.array_equal(numpy_state, np.random.get_state()[1])
        assert torch.equal(torch_state, torch.get_rng_state())
    assert found[0] == found[1]


def test_another_process_and_another_order_give_the_same_scores() -> None:
    """A fresh interpreter that meets the clips in another order agrees to rounding."""
    here = scores(evaluator(), samples(10))
    code = (
        f"import sys, json; sys.path[:0] = {[str(Path(__file__).parent), str(TESTS)]}\n"
        "import test_extractors as t\n"
        "print(json.dumps(t.scores(t.evaluator(batch_size=3), t.samples(10)[::-1])))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    there = json.loads(done.stdout.splitlines()[-1])
    assert there == {name: pytest.approx(score, abs=1e-6) for name, score in here.items()}


@pytest.mark.parametrize("metric", ["audio.frechet_distance", "audio.kernel_distance"])
@pytest.mark.parametrize("protocol", ["fastvideo", "av-benchmark"])
@pytest.mark.parametrize("backbone", ["clap", MICROSOFT])
def test_distances_between_corpora_take_clap_embeddings(metric: str, protocol: str, backbone: str) -> None:
    """`backbone="clap"` runs under both protocols, each with its own checkpoint; MS-CLAP is another backbone."""
    ev = evaluator(metric, options={metric: {"backbone": backbone}}, protocol=protocol)
    items = [
        {**s, "reference_audio": (synth.chirp_noise(44100, 2, seed=50 + i), 44100)} for i, s in enumerate(samples(4))
    ]
    result = ev.evaluate(samples=items).corpus[metric]
    assert result.score is not None
    assert (result.details["n_gen"], result.details["n_ref"]) == (4, 4)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
@pytest.mark.parametrize("model", [MODEL, MICROSOFT])
def test_half_precision_stays_near(precision: str, model: str) -> None:
    """A faster mode gives the score to its own accuracy."""
    items = samples(4)
    exact = scores(evaluator(**of_model(model)), items)
    half = scores(evaluator(**of_model(model), precision=precision), items)
    assert half == {name: pytest.approx(score, abs=0.05) for name, score in exact.items()}
    assert half != exact
