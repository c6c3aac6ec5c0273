"""A whole experiment over a fake evaluator: what is measured, and what is written of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import support.media as build
from avmeter.errors import UnknownNameError
from avmeter.stress.experiment import Experiment, parse_variants, run_experiment
from avmeter.stress.variants import SEED_VARIANTS, variant_names
from support.stress import FakeEvaluator

RATE = 16_000


def run(folder: Path, *, anchors: bool = False, **options: object) -> Experiment:
    path = build.write_pcm_wav(folder / "a.wav", build.tone(440, 0.5, RATE, 0.5), RATE)
    variants = parse_variants("low_volume,unrelated")
    return run_experiment(
        [{"id": "a", "audio": str(path)}],
        FakeEvaluator(),
        folder / "out",
        variants=variants,
        anchors=anchors,
        **options,  # type: ignore[arg-type]
    )


def test_sets_of_variants_by_name() -> None:
    """`seed` and `all` are sets, other names single variants, and the original is always there, once."""
    assert [v.name for v in parse_variants("seed")] == list(SEED_VARIANTS)
    assert [v.name for v in parse_variants("all")] == variant_names()
    assert [v.label for v in parse_variants("low_volume, original")] == ["original", "low_volume -20 dB"]
    assert len(parse_variants("noise", ladder=True)) == 5
    with pytest.raises(UnknownNameError, match="unknown variant"):
        parse_variants("dilay")


def test_experiment_without_anchors_writes_cells_and_verdicts(tmp_path: Path) -> None:
    """`stress.json` has a cell for each variant and metric, beside an ordinary run folder; a siren is rendered."""
    labels: list[str] = []
    experiment = run(tmp_path, progress=labels.append)
    assert labels == ["original", "low_volume -20 dB", "unrelated"]
    assert experiment.anchors is None
    assert experiment.fallback_note is None
    experiment.write(tmp_path / "out")
    content = json.loads((tmp_path / "out" / "stress.json").read_text())
    assert set(content) == {"format", "run_id", "cells", "verdicts"}
    assert len(content["cells"]) == 3 * 3
    assert (tmp_path / "out" / "results.parquet").is_file()
    assert (tmp_path / "out" / "clips" / "siren.flac").is_file()


def test_clip_without_a_reference_is_its_own_truth(tmp_path: Path) -> None:
    """The anchor "truth" then scores what the clip itself scores."""
    experiment = run(tmp_path, anchors=True)
    assert experiment.anchors is not None
    truth = experiment.anchors.anchors["truth", "test.rms"]
    assert truth.score == experiment.anchors.clip_scores["test.rms"]
    experiment.write(tmp_path / "out")
    content = json.loads((tmp_path / "out" / "stress.json").read_text())
    assert {a["anchor"] for a in content["anchors"]} == {"truth", "shuffled", "noise", "silence"}


def test_fallback_backbones_are_a_sentence(tmp_path: Path) -> None:
    """A reader of the page learns that the published backbone was not used."""
    note = run(tmp_path, fallbacks=["audio.prdc"]).fallback_note
    assert note is not None
    assert "audio.prdc with yamnet" in note
