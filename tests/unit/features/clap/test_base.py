"""Which CLAP is used, how its checkpoints load, and scores that depend on nothing but the clip and its prompt."""

from __future__ import annotations

import dataclasses
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
from avmeter.errors import SkipCode, UnknownNameError, WeightsError
from avmeter.features.base import get_extractor
from avmeter.nets import clap
from avmeter.runtime import Runtime
from golden import synth
from support import require
from support.clap import MICROSOFT, MODEL, RATE, SMALL, SMALL_MICROSOFT, put_small_networks, small_network
from support.paths import TESTS

require.package("transformers")


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
        "import test_base as t\n"
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
