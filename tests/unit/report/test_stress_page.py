"""Tables of a stress experiment on the terminal, and its page."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

import support.media as build
from avmeter.report.stress_page import print_experiment, write_experiment
from avmeter.stress.experiment import Experiment, parse_variants, run_experiment
from support.stress import FakeEvaluator

RATE = 16_000


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    path = build.write_pcm_wav(tmp_path / "a.wav", build.tone(440, 0.5, RATE, 0.5), RATE)
    variants = parse_variants("low_volume,noise", ladder=True)
    return run_experiment(
        [{"id": "a", "audio": str(path)}],
        FakeEvaluator(),
        tmp_path / "out",
        variants=variants,
        anchors=True,  # type: ignore[arg-type]
    )


def test_terminal_has_variants_verdicts_and_anchors(experiment: Experiment, capsys: pytest.CaptureFixture[str]) -> None:
    """Every variant is a row, what has no score is named with its code, and the anchors are a table of their own."""
    print_experiment(experiment)
    out = capsys.readouterr().out
    for variant in experiment.result.variants:
        assert variant.label in out
    assert "no score, missing_input: audio.wer" in out
    assert "promises kept" in out
    assert "floors and ceilings" in out
    assert max(map(len, out.splitlines())) <= 120


def test_scores_of_stand_in_weights_are_marked_on_the_terminal(
    experiment: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    """The brackets of the mark are no markup."""
    cells = {key: dataclasses.replace(cell, dummy=True) for key, cell in experiment.result.cells.items()}
    result = dataclasses.replace(experiment.result, cells=cells)
    print_experiment(dataclasses.replace(experiment, result=result))
    scored = [cell for cell in cells.values() if cell.score is not None]
    assert capsys.readouterr().out.count("[dummy]") == len(scored) > 0


def test_scores_that_were_carried_over_are_seen_at_a_glance(
    experiment: Experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An equals sign under what the metric does not read, with its meaning, on terminal and page."""
    print_experiment(experiment)
    assert "reads nothing" not in capsys.readouterr().out
    cells = {k: dataclasses.replace(c, carried=k[0] != "original") for k, c in experiment.result.cells.items()}
    changed = dataclasses.replace(experiment, result=dataclasses.replace(experiment.result, cells=cells))
    print_experiment(changed)
    out = capsys.readouterr().out
    assert "=: as the original, for the metric reads nothing that is changed." in out
    rows = [line for line in out.splitlines() if line.startswith("│ noise 20 dB")]
    assert [cell.strip() for cell in rows[0].split("│")[2:4]] == ["=", "="]
    page = write_experiment(changed, tmp_path / "out").read_text("utf-8")
    assert "=: as the original, for the metric reads nothing that is changed." in page


def test_anchors_that_were_carried_over_are_seen_at_a_glance(
    experiment: Experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As variants are, with what the sign means."""
    assert experiment.anchors is not None
    noise = ("noise", "test.rms")
    found = {**experiment.anchors.anchors, noise: dataclasses.replace(experiment.anchors.anchors[noise], carried=True)}
    print_experiment(experiment)
    assert "as the clips" not in capsys.readouterr().out
    anchors = dataclasses.replace(experiment.anchors, anchors=found)
    print_experiment(dataclasses.replace(experiment, anchors=anchors))
    assert "=: as the clips" in capsys.readouterr().out
    page = write_experiment(dataclasses.replace(experiment, anchors=anchors), tmp_path / "out")
    assert "=: as the clips" in page.read_text("utf-8")


def test_page_has_a_section_for_each_part(experiment: Experiment, tmp_path: Path) -> None:
    """Table, reaction, curves of a ladder, verdicts and anchors, under the title."""
    page = write_experiment(experiment, tmp_path / "out", title="a title").read_text("utf-8")
    for text in ("a title", "Variants and metrics", "Reaction", "Dose and response", "Verdicts", "Floors and ceilings"):
        assert text in page
    assert (tmp_path / "out" / "stress.json").is_file()
