"""What a run will do, before it does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from avmeter.evaluator import Evaluator
from avmeter.preflight.plan import look_ahead, rates_of
from avmeter.sample import as_samples
from avmeter.weights import WeightsSource
from support.media import tone, write_media

LOUDNESS = "audio.loudness"


@pytest.fixture
def clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("AVMETER_CACHE", "AVMETER_WEIGHTS", "HF_HUB_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return write_media(
        tmp_path / "a.wav", wave=tone(440, 0.3, 16_000, 1.0), sample_rate=16_000, audio_codec="pcm_s16le"
    )  # fmt: skip


def test_store_and_rates_of_an_earlier_run_are_seen(clip: Path, tmp_path: Path) -> None:
    """First nothing is stored and the time unknown; after a run all is, and it takes none."""
    evaluator = Evaluator([LOUDNESS], "cpu", store=tmp_path / "store")
    samples = as_samples([{"audio": clip}])
    before = look_ahead(evaluator, samples)
    assert (before.store.num_needed, before.store.num_stored, before.estimate.seconds) == (1, 0, None)
    results = evaluator.evaluate(samples=samples)
    rates_of(evaluator).record(results.provenance["seconds_per_feature"])
    after = look_ahead(evaluator, samples)
    assert (after.store.num_stored, after.estimate.seconds) == (1, 0.0)
    evaluator.shutdown()
    other = write_media(
        tmp_path / "b.wav", wave=tone(220, 0.3, 16_000, 1.0), sample_rate=16_000, audio_codec="pcm_s16le"
    )
    later = Evaluator([LOUDNESS], "cpu", store=tmp_path / "store")
    estimate = look_ahead(later, as_samples([{"audio": other}])).estimate
    assert estimate.seconds is not None
    assert estimate.seconds > 0
    later.shutdown()


def test_metric_without_its_checkpoint_is_not_run_offline(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for the run and before it, also if it was named; others run."""
    monkeypatch.setenv("AVMETER_OFFLINE", "1")
    evaluator = Evaluator(["audio.audiobox_aesthetics", LOUDNESS], "cpu")
    found = look_ahead(evaluator, as_samples([{"audio": clip}]), explicit=["audio.audiobox_aesthetics"])
    assert found.metrics == (LOUDNESS,)
    assert found.not_run == {"audio.audiobox_aesthetics": "needs audiobox, and AVMETER_OFFLINE forbids the network"}
    assert found.stopped == ("audio.audiobox_aesthetics",)
    evaluator.shutdown()


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        ("audio.frechet_distance", "there is no reference set"),
        ("audio.inception_score", "needs 10 clips or more"),
        ("audio.kl_divergence", "no sample has `reference_audio`"),
    ],
)
def test_metric_that_can_say_nothing_is_not_run(clip: Path, metric: str, reason: str) -> None:
    """A corpus metric without references or with too few clips is no exception."""
    evaluator = Evaluator([metric, LOUDNESS], "cpu", weights="dummy")
    found = look_ahead(evaluator, as_samples([{"audio": clip}]))
    assert found.not_run == {metric: reason}
    evaluator.shutdown()


@pytest.mark.parametrize(
    ("metric", "reason", "lacking"),
    [
        ("audio.frechet_distance", "there is no reference set", ["passt"]),
        ("audio.kl_divergence", "no sample has `reference_audio`", []),
    ],
)
def test_named_metric_that_can_have_no_score_is_told_before(
    clip: Path, metric: str, reason: str, lacking: list[str]
) -> None:
    """It runs, as every clip will say why, but no surprise comes at the end; what it never reads is not missing."""
    evaluator = Evaluator([metric, LOUDNESS], "cpu")
    found = look_ahead(evaluator, as_samples([{"audio": clip}]), explicit=[metric])
    assert (found.metrics, found.not_run, found.no_score) == ((metric, LOUDNESS), {}, {metric: reason})
    assert [m.name for m in found.missing] == lacking
    evaluator.shutdown()


def test_network_that_cannot_be_filled_is_missing_beside_dummy_weights(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not fetched then, and the metric is left out by name; here, it runs."""
    names = ["audio.wer", "audio.dnsmos", "audio.audiobox_aesthetics", LOUDNESS]
    samples = as_samples([{"audio": clip, "reference_text": "a"}])
    monkeypatch.setattr(WeightsSource, "available", lambda self, entry: entry.startswith("dnsmos"))
    evaluator = Evaluator(names, "cpu", weights="dummy")
    found = look_ahead(evaluator, samples)
    assert found.metrics == tuple(names[1:])
    assert found.not_run == {"audio.wer": "needs faster-whisper-base, whose place stand-in weights cannot take"}
    assert [(m.name, m.has_source) for m in found.missing] == [("faster-whisper-base", False)]
    evaluator.shutdown()


def test_metric_that_stands_on_what_is_not_here_is_not_run(clip: Path) -> None:
    """Of a group; where it was named, the user is told before."""
    evaluator = Evaluator(["videoscore2", LOUDNESS], "cpu")
    samples = as_samples([{"audio": clip, "text_prompt": "a"}])
    found = look_ahead(evaluator, samples)
    why = {"videoscore2.score": "needs the vision-language model VideoScore2, which is not in avmeter"}
    assert (found.metrics, found.not_run) == ((LOUDNESS,), why)
    named = look_ahead(evaluator, samples, explicit=["videoscore2.score"])
    assert (named.metrics, named.no_score) == (("videoscore2.score", LOUDNESS), why)
    evaluator.shutdown()


def test_payload_is_json(clip: Path) -> None:
    """Scripts read it."""
    evaluator = Evaluator(["audio.audiobox_aesthetics"], "cpu")
    payload = look_ahead(evaluator, as_samples([{"audio": clip, "reference_audio": clip}])).payload()
    assert json.loads(json.dumps(payload)) == payload
    assert (payload["clips"], payload["pairs"]) == (1, 1)
    assert payload["missing"][0]["command"] == "avmeter weights fetch audiobox"
    evaluator.shutdown()
